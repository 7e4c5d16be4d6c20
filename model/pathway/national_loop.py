"""The national programme and the fixed point of economy and technology on it: the start of the full one (E11, E12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.anderson import Anderson
from model.deferred import Joined, solve_deferred
from model.pathway.assembled import Assembled, Plan, assembled, draft_of, plan_of
from model.pathway.choice import CHP, Choice, household_groups, laid_out, patterns
from model.pathway.closing import Economy, Pins, no_pins
from model.pathway.market import markets
from model.pathway.places import Places, national
from model.pathway.prices import Mix, Response, mix_scale, respond
from model.pathway.requirements_of_year import Requirements, requirements
from model.pathway.timing import Timing
from model.study import Study, Year

#: Relative accuracy of the closure within the loop.
CLOSURE = 1e-10
#: Cost perturbation that settles ties, relative.
TIES = 1e-10
#: The loop goes on to this part of the tolerance: ledgers add up what single technologies miss.
BEYOND = 0.2
#: A programme is solved to this part of the tolerances: what it leaves open would keep the fixed point from settling.
EXACT = 1e-2
#: No programme is solved closer: settling ties costs the lower bound some 1e-9.
FLOOR = 1e-8
#: Accuracy of the economy's closure, relative to the residual of the pass before.
ACCURATE = 1e-4


@dataclass(frozen=True)
class Iterate:
    """One pass of the outer loop: the economy at a choice, the programme on it and its solution."""

    choice: Choice
    pins: Pins
    years: list[Year]
    requirements: list[Requirements]
    assembled: Assembled
    joined: Joined
    plan: Plan
    mix: Mix | None = None
    response: Response | None = None


@dataclass(frozen=True)
class Loop:
    """How an outer loop ended. residual : relative, undamped; bound : residual / (1 - contraction)."""

    iterate: Iterate
    residual: float
    contraction: float | None
    bound: float | None
    iterations: int
    residuals: tuple[float, ...]
    converged: bool


def error_bound(residual: float, contraction: float | None) -> float | None:
    """||F(X) - X|| / (1 - q); None where the map does not contract by its estimate."""
    return residual / (1.0 - contraction) if contraction is not None and contraction < 1.0 else None


class NationalLoop:
    """The outer loop on the national programme."""

    def __init__(self, study: Study, places: Places, timing: Timing, first: list[Year], choice: Choice):
        """first : years of the economy at the starting choice, whose layout over provinces is kept."""
        self.study, self.timing = study, timing
        self.economy = Economy(study, lines=False)
        self.places = national(places, self.economy.base_use)
        self.pattern = patterns(study, first)
        self.groups = {**{p: study.of_product[p] for p in study.base.products if p in study.of_product},
                       **household_groups(study)}
        self.first, self.start = first, choice
        self._base: Year | None = None
        self.heat = {t: y.production[:, study.base.products.index("heat")] for t, y in enumerate(first)}

    def lay(self, activity: np.ndarray, building: np.ndarray, chp_heat: np.ndarray, losses: np.ndarray,
            years: list[Year]) -> Choice:
        """National figures (T, K) of the years after the first as a provincial choice."""
        T = len(activity)
        shape = (T + 1, *self.study.activity.shape)
        laid, built = np.empty(shape), np.empty(shape)
        laid[0], built[0] = self.start.activity[0], self.start.building[0]
        heat = np.zeros(shape[:2])
        heat[0] = self.start.chp_heat[0]
        lost = np.zeros(shape[:2])
        chp = self.study.keys.index(CHP) if CHP in self.study.keys else None
        for t in range(1, T + 1):
            output = {p: years[t].activity[:, list(own)].sum(axis=1) for p, own in self.groups.items()}
            laid[t] = laid_out(self.pattern[t], activity[t - 1], output, self.groups)
            built[t] = self.pattern[t] * building[t - 1]
            part = laid[t][:, chp] if chp is not None else np.zeros(shape[1])
            part = part / part.sum() if part.sum() > 0 else self.heat[t] / max(self.heat[t].sum(), 1e-300)
            heat[t] = part * chp_heat[t - 1]
            used = years[t].energy.use[:, :, self.economy.electricity].sum(axis=1)
            lost[t] = used / used.sum() * losses[t - 1]
        return Choice(laid, heat, built, lost)

    def solve_at(self, choice: Choice, pins: Pins, guess: list[Year], start=None, found=None,
                 mix: Mix | None = None, priced: Response | None = None, closure: float = CLOSURE) -> Iterate:
        """The economy at a choice and the optimum of the national programme on it.

        closure : accuracy of the economy's closure.
        """
        study = self.study
        mix = mix or Mix.unmoved(study)
        if self._base is None:
            # no technology of the base year is chosen: its economy is the same in every pass
            self._base = self.economy.year(0, choice, guess[0], pins, CLOSURE, mix)
        years = [self._base, *(self.economy.year(t, choice, guess[t], pins, closure, mix)
                               for t in range(1, len(guess)))]
        found = [requirements(self.economy, years[t], t, choice, pins, self.places.member, self.pattern[t])
                 for t in range(1, len(years))]
        whole = assembled(self.draft(years, found), study.scenario.coupling.keep)
        joined = self.solve(whole, start)
        plan = plan_of(whole.draft, joined.z)
        found_markets = markets(whole, plan, joined.z, joined.prices, joined.multipliers,
                                priced.costs if priced else None)
        return Iterate(choice, pins, years, found, whole, joined, plan, mix,
                       respond(study, years, found_markets, mix, priced))

    def programme(self, choice: Choice, years: list[Year]) -> Assembled:
        """The national programme on the economy of some years, not solved."""
        found = [requirements(self.economy, years[t], t, choice, no_pins(self.study), self.places.member,
                              self.pattern[t]) for t in range(1, len(years))]
        return assembled(self.draft(years, found), self.study.scenario.coupling.keep)

    def draft(self, years: list[Year], found: list[Requirements]):
        """The national programme on the economy of some years."""
        return draft_of(self.study, self.places, self.timing, found, net_co2(years[0]), biomass_outside(years))

    def solve(self, whole: Assembled, start=None) -> Joined:
        """Optimum of the complete national programme."""
        coupling = self.study.scenario.coupling
        return solve_deferred(whole.complete, threshold=coupling.keep, start=start,
                              tolerance=max(EXACT * min(coupling.gap, coupling.tolerance), FLOOR),
                              max_passes=coupling.max_passes, tie_break=TIES)

    def run(self, progress=None, goal: float | None = None) -> Loop:
        """Iterate economy and programme to a residual, by default within the scenario's tolerance."""
        coupling = self.study.scenario.coupling
        goal = BEYOND * coupling.tolerance if goal is None else goal
        years, pins, choice = self.first, no_pins(self.study), self.start
        K, T = len(self.study.keys), len(years) - 1
        mix, priced, own = Mix.unmoved(self.study), None, T * (2 * K + 2)
        x = scale = mixer = start = None
        residuals, iterate, residual = [], None, CLOSURE / ACCURATE
        for number in range(1, coupling.max_iterations + 1):
            iterate = self.solve_at(choice, pins, years, start, mix=mix, priced=priced,
                                    closure=max(CLOSURE, ACCURATE * min(residual, 1.0)))
            priced = iterate.response
            years, start = iterate.years, (iterate.joined.z, iterate.joined.prices, iterate.joined.rents)
            plan = iterate.plan
            mapped = np.concatenate([plan.activity[0].T.ravel(), plan.invested[0].T.ravel(), plan.chp_heat[0],
                                     plan.net_losses[0], priced.mix.state()])
            if scale is None:
                scale = np.concatenate([self._scale(plan), mix_scale(years)])
                x = np.concatenate([choice.activity[1:].sum(axis=1).ravel(), choice.building[1:].sum(axis=1).ravel(),
                                    choice.chp_heat[1:].sum(axis=1), choice.net_losses[1:].sum(axis=1),
                                    mix.state()])
                mixer = Anderson(coupling.memory, coupling.damping, scale)
            new_pins = self.economy.pinned(years, pins)
            residual = max(float((np.abs(mapped - x) / scale).max()), new_pins.miss)
            residuals.append(residual)
            if progress:
                progress(number, residual)
            if residual <= goal:
                break
            x = np.maximum(mixer.advance(x, mapped, residual), 0.0)
            pins = new_pins
            activity, building = x[: T * K].reshape(T, K), x[T * K : 2 * T * K].reshape(T, K)
            choice = self.lay(activity, building, x[2 * T * K : 2 * T * K + T], x[own - T : own], years)
            mix = mix.at(x[own:])
            x[own:] = mix.state()
        contraction = mixer.contraction
        return Loop(iterate, residual, contraction, error_bound(residual, contraction), len(residuals),
                    tuple(residuals), residual <= coupling.tolerance)

    def _scale(self, plan: Plan) -> np.ndarray:
        """Total of a technology's product in each year: what its activity and additions are judged against."""
        K, T = len(self.study.keys), plan.activity.shape[2]
        made, standing = np.empty((T, K)), np.empty((T, K))
        for own in self.study.of_product.values():
            own = list(own)
            made[:, own] = np.maximum(plan.activity[0][own].sum(axis=0), 1.0)[:, None]
            standing[:, own] = np.maximum(plan.capacity[0][own].sum(axis=0), 1.0)[:, None]
        boilers = list(self.study.of_product.get("heat", ()))
        # heat is made by boilers and recovered from CHP: both are judged against all of it
        made[:, boilers] = made[:, boilers] + plan.chp_heat[0][:, None]
        power = np.maximum(plan.electricity_use[0], 1.0)
        heat = np.maximum(plan.chp_heat[0], 1000.0)
        return np.concatenate([made.ravel(), standing.ravel(), heat, power])


def net_co2(year: Year) -> float:
    """Mt CO2 that reach the air in a year, before sinks."""
    return float(year.energy.co2.sum() - year.energy.captured.sum())


def biomass_outside(years: list[Year]) -> np.ndarray:
    """(T,) PJ of biomass used outside the technologies."""
    from io_tables import classification

    fuel = classification.fuels().index("biomass")
    return np.array([y.energy.residual[:, :, fuel].sum() for y in years])

