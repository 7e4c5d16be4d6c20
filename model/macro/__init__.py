"""Growth, final demand and the macro closure."""
