"""The full programme over all provinces, and its polish with the economy (E11, E12)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.pathway.anderson import Anderson
from model.pathway.assembled import assembled, draft_of, electricity_shares, laid_choice, plan_of
from model.pathway.choice import Choice
from model.pathway.closing import Economy, Pins
from model.pathway.joining import Joining, Reached
from model.pathway.national_loop import CLOSURE, TIES, Iterate, Loop, biomass_outside, error_bound, net_co2
from model.pathway.places import Places
from model.pathway.requirements_of_year import PLACED, requirements
from model.pathway.timing import Timing
from model.run import Study, Year

#: The gap to which the programme is solved while the economy still moves, relative to the last outer residual.
LOOSE = 0.1


class ProvincialLoop:
    """The outer loop on the full programme, started from the national one."""

    def __init__(self, study: Study, places: Places, timing: Timing):
        self.study, self.places, self.timing = study, places, timing
        self.economy = Economy(study, lines=True)

    def _whole(self, years: list[Year], choice: Choice, pins: Pins):
        pattern = np.ones_like(choice.activity[0])
        found = [requirements(self.economy, years[t], t, choice, pins, self.places.member, pattern)
                 for t in range(1, len(years))]
        draft = draft_of(self.study, self.places, self.timing, found, net_co2(years[0]), biomass_outside(years))
        return found, assembled(draft, self.study.scenario.coupling.keep)

    def _years(self, choice: Choice, pins: Pins, guess: list[Year]) -> list[Year]:
        return [self.economy.year(t, choice, guess[t], pins, CLOSURE) for t in range(len(guess))]

    def run(self, national: Loop, progress=None) -> tuple[Loop, Joining, Reached]:
        """Solve at the national loop's economy, then iterate economy and programme on the same solver object."""
        coupling = self.study.scenario.coupling
        choice, pins = national.iterate.choice, national.iterate.pins
        years = self._years(choice, pins, national.iterate.years)
        found, whole = self._whole(years, choice, pins)
        joining = Joining(whole.complete, *laid_start(whole.draft, choice, national), ties=TIES)
        x = scale = mixer = None
        residuals, reached = [], None
        for number in range(1, coupling.max_iterations + 1):
            if number > 1:
                years = self._years(choice, pins, years)
                found, whole = self._whole(years, choice, pins)
                old = joining.complete
                joining.renew(replace(whole.complete, lower=old.lower, upper=old.upper))
            goal = max(coupling.gap, LOOSE * residuals[-1]) if residuals else max(coupling.gap, LOOSE * 1e-2)
            reached = joining.passes(goal, coupling.max_passes)
            plan = plan_of(whole.draft, reached.z)
            mapped_choice = laid_choice(plan, choice, self._shares(whole.draft, plan, choice))
            mapped = _state(mapped_choice)
            if scale is None:
                scale = self._scale(plan)
                x = _state(replace(choice, electricity_shares=mapped_choice.electricity_shares))
                mixer = Anderson(coupling.memory, coupling.damping, scale)
            new_pins = self.economy.pinned(years, pins)
            residual = max(float((np.abs(mapped - x) / scale).max()), new_pins.miss)
            residuals.append(residual)
            if progress:
                progress(number, residual, reached)
            settled = residual <= coupling.tolerance
            done = settled and max(abs(reached.bounds.gap), reached.bounds.violation) <= coupling.gap
            if done or number == coupling.max_iterations:
                break
            x = mixer.advance(x, mapped, residual) if number > 1 else mapped
            choice, pins = _choice(x, choice), new_pins
        iterate = Iterate(choice, pins, years, found, whole, None, plan)
        q = mixer.contraction
        return Loop(iterate, residuals[-1], q, error_bound(residuals[-1], q), len(residuals), tuple(residuals),
                    residuals[-1] <= coupling.tolerance), joining, reached

    def _shares(self, draft, plan, choice) -> np.ndarray:
        """(T + 1, R, R) origins of electricity; the base year keeps its own."""
        base = self.study.base
        first = base.trade_shares[base.industries.index("electricity")]
        return np.concatenate([first[None], electricity_shares(draft, plan)])

    def _scale(self, plan) -> np.ndarray:
        """National totals of each product (capacities for additions): what provincial figures are judged against."""
        G, K, T = plan.activity.shape
        made, standing = np.empty((T, G, K)), np.empty((T, G, K))
        for own in self.study.of_product.values():
            own = list(own)
            made[:, :, own] = np.maximum(plan.activity[:, own].sum(axis=(0, 1)), 1.0)[:, None, None]
            standing[:, :, own] = np.maximum(plan.capacity[:, own].sum(axis=(0, 1)), 1.0)[:, None, None]
        heat = np.full((T, G), max(plan.chp_heat.sum(axis=0).max(), 1.0))
        power = np.repeat(plan.electricity_use.sum(axis=0)[:, None], G, axis=1)
        return np.concatenate([made.ravel(), standing.ravel(), heat.ravel(), power.ravel(), np.ones(T * G * G)])


def _state(choice: Choice) -> np.ndarray:
    return np.concatenate([a[1:].ravel() for a in (choice.activity, choice.building, choice.chp_heat,
                                                    choice.net_losses, choice.electricity_shares)])


def _choice(x: np.ndarray, before: Choice) -> Choice:
    """A state as a choice: nothing negative, origins of electricity summing to one."""
    parts, at = [], 0
    shares = before.electricity_shares
    if shares is None:
        R = before.activity.shape[1]
        shares = np.repeat(np.eye(R)[None], len(before.activity), axis=0)
    for array in (before.activity, before.building, before.chp_heat, before.net_losses, shares):
        size = array[1:].size
        later = np.maximum(x[at : at + size].reshape(array[1:].shape), 0.0)
        parts.append(np.concatenate([array[:1], later]))
        at += size
    parts[4][1:] /= parts[4][1:].sum(axis=1, keepdims=True)
    activity, building, chp_heat, net_losses, origins = parts
    return Choice(activity, chp_heat, building, net_losses, origins)


def laid_start(d, choice: Choice, national: Loop) -> tuple[np.ndarray, np.ndarray]:
    """(z, prices) of the full programme from the national loop: activity laid out, the nation's prices everywhere."""
    count = len(PLACED)
    prices = national.iterate.joined.prices.reshape(d.T, count + 3)
    laid = np.concatenate([np.repeat(prices[:, :count], d.G, axis=1), prices[:, count:]], axis=1)
    z = np.zeros(d.programme.compiled().cost.size)
    for t in range(d.T):
        for k in range(d.K):
            amount = choice.activity[t + 1][:, k]
            if k in d.annual:
                z[d.activity[:, k, t]] = amount
            else:
                block = d.generation if k in d.plants else d.discharge
                z[block[:, k, t]] = amount[:, None] / d.S
        z[d.building[:, :, t]] = choice.building[t + 1]
        z[d.chp_heat[:, t]] = choice.chp_heat[t + 1]
    return z, laid.ravel()
