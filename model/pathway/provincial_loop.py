"""The full programme over all provinces and its fixed point with the economy (E11, E12).

Rounds of three steps. On the economy of a round, prices and quantities of the programme settle. Then quantities and
economy settle while prices, costs and slopes stand, which makes every step one warm re-solve and one evaluation of the
economy. Then requirements are renewed, and the point is judged against the complete programme of its own economy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from model.anderson import Anderson
from model.pathway.assembled import Assembled, Plan, assembled, draft_of, electricity_shares, laid_choice, plan_of
from model.pathway.choice import Choice
from model.pathway.closing import Economy, Pins
from model.pathway.joining import Joining, Reached
from model.pathway.market import markets
from model.pathway.national_loop import CLOSURE, TIES, Iterate, Loop, biomass_outside, error_bound, net_co2
from model.pathway.places import Places
from model.pathway.prices import Mix, Response, mix_scale, respond
from model.pathway.product_trade import asked_for, industries_of, pattern_with
from model.pathway.requirements_of_year import PLACED, Requirements, requirements, sides
from model.pathway.timing import Timing
from model.study import Study, Year

#: Gap and residual aimed at in the first round, and by how much each further round asks more.
FIRST_GOAL, STEP = 1e-2, 0.005
#: Rounds and steps at most; a round ends when so many steps have not lowered the residual.
ROUNDS, STEPS, PATIENCE = 12, 40, 6
#: Rounds that aim at less than this settle in so many steps at most: prices matter more there.
FAR, FEW = 1e-5, 6
#: Accuracy of the economy's closure within a step, relative to the residual before it.
ACCURATE = 1e-4
#: What a round settles to, relative to the tolerance: what follows adds its own.
WITHIN = 0.2
#: A settled point with a gap up to this is one of two that take turns.
NEAR = 1e-5
#: A multiplier this small says that a constraint does not bind.
NOTHING = 1e-9


@dataclass
class _Round:
    """The point of the outer loop as it moves."""

    choice: Choice
    pins: Pins
    years: list[Year]
    found: list[Requirements]
    whole: Assembled
    mix: Mix
    response: Response
    plan: Plan | None = None
    residual: float = np.inf


class ProvincialLoop:
    """The outer loop on the full programme, started from the national one."""

    def __init__(self, study: Study, places: Places, timing: Timing):
        self.study, self.places, self.timing = study, places, timing
        self.economy = Economy(study, lines=True)

    def _found(self, years: list[Year], choice: Choice, pins: Pins) -> list[Requirements]:
        pattern = np.ones_like(choice.activity[0])
        return [requirements(self.economy, years[t], t, choice, pins, self.places.member, pattern)
                for t in range(1, len(years))]

    def _whole(self, years: list[Year], found: list[Requirements]) -> Assembled:
        draft = draft_of(self.study, self.places, self.timing, found, net_co2(years[0]), biomass_outside(years))
        return assembled(draft, self.study.scenario.coupling.keep)

    def _years(self, choice: Choice, pins: Pins, guess: list[Year], mix: Mix, closure: float) -> list[Year]:
        later = [self.economy.year(t, choice, guess[t], pins, closure, mix) for t in range(1, len(guess))]
        return [guess[0], *later]

    def _responded(self, at: _Round, paid: Reached) -> Response:
        """Prices of the years at the duals of a point, and the mix of consumption they ask for."""
        found = markets(at.whole, at.plan, paid.z, paid.prices, paid.multipliers, at.response.costs)
        return respond(self.study, at.years, found, at.mix, at.response)

    def run(self, national: Loop, progress=None) -> tuple[Loop, Joining, Reached]:
        """Solve at the national loop's economy, then iterate economy and programme on the same solver object."""
        coupling = self.study.scenario.coupling
        pins, base = national.iterate.pins, self.study.base
        today = base.trade_shares[base.industries.index("electricity")]
        choice = replace(national.iterate.choice,
                         electricity_shares=np.repeat(today[None], len(national.iterate.years), axis=0))
        if asked_for(self.study):
            own = base.trade_shares[industries_of(base)]
            choice = replace(choice, product_shares=np.repeat(own[None], len(national.iterate.years), axis=0))
        mix, response = national.iterate.mix, national.iterate.response
        years = self._years(choice, pins, national.iterate.years, mix, CLOSURE)
        years[0] = self.economy.year(0, choice, years[0], pins, CLOSURE, mix)
        found = self._found(years, choice, pins)
        at = _Round(choice, pins, years, found, self._whole(years, found), mix, response)
        joining = Joining(at.whole.complete, *laid_start(at.whole.draft, choice, national), ties=TIES,
                          derived=at.whole.draft.derived, slack=_expected_slack(national, at.whole),
                          moving=at.whole.draft.moved)
        scale, residuals, goal, star, reached, held = None, [], FIRST_GOAL, None, None, None
        for number in range(ROUNDS + 1):
            before, standing = reached, joining.standing
            reached = joining.passes(max(goal, WITHIN * coupling.gap), coupling.max_passes)
            paid = reached if before is None else joining.between(before, reached)
            if star is not None:
                star = joining.against(star, reached)
                at.response = self._responded(at, replace(paid, z=star.z))
                asked = np.abs(at.response.mix.state() - at.mix.state()) / mix_scale(at.years)
                at.residual = max(at.residual, float(asked.max()))
                if progress:
                    progress(len(residuals), at.residual, star)
                done = at.residual <= coupling.tolerance and goal <= FAR and star.score <= coupling.gap
                if done or number == ROUNDS:
                    break
            if star is not None and goal <= FAR and abs(star.bounds.gap) <= NEAR:
                if abs(star.bounds.gap) > coupling.gap:
                    # two points take turns, each a little dearer in its own economy: go half the way
                    star, held = joining.halfway(star, reached, held)
                # as good as the optimum: stay, and let prices that consumers pay settle
                joining.stand(standing)
                joining.hold(held)
                joining.z = star.z
            else:
                star, held = reached, None
            at.plan = plan_of(at.whole.draft, star.z)
            if scale is None:
                scale = np.concatenate([self._scale(at.plan), mix_scale(at.years)])
            mixer, star = self._settle(at, joining, star, paid, scale, max(goal, WITHIN * coupling.tolerance),
                                       residuals, progress)
            at.found = self._found(at.years, at.choice, at.pins)
            at.whole = self._whole(at.years, at.found)
            joining.renew(at.whole.complete)
            goal = max(goal * STEP, 1e-9)
        # with the column bounds of the programme that was solved: the certificate stands on them
        whole = replace(at.whole, complete=joining.complete)
        iterate = Iterate(at.choice, at.pins, at.years, at.found, whole, None, at.plan, at.mix, at.response)
        q = mixer.contraction
        return Loop(iterate, at.residual, q, error_bound(at.residual, q), len(residuals), tuple(residuals),
                    at.residual <= coupling.tolerance), joining, star

    def _settle(self, at: _Round, joining: Joining, reached: Reached, paid: Reached, scale, goal: float,
                residuals: list[float], progress) -> tuple[Anderson, Reached]:
        """Quantities and economy at standing prices, until a step moves neither by more than `goal`.

        paid : the duals that households and industries pay: the mean of two rounds, since those of near-equal
        alternatives take turns.
        """
        coupling, draft = self.study.scenario.coupling, at.whole.draft
        # the programme's point moves with the state, so that what is deferred belongs to the same point
        whole_scale = np.concatenate([scale, np.full(len(reached.z), np.inf)])
        mixer = Anderson(coupling.memory, coupling.damping, whole_scale)
        best, waited = np.inf, 0
        most = FEW if goal > FAR else STEPS
        for number in range(most):
            if number:
                moved = [sides(f, self.economy, y, t, at.choice, at.pins, self.places.member)
                         for t, (f, y) in enumerate(zip(at.found, at.years[1:], strict=True), start=1)]
                joining.shift(np.concatenate([f.rest for f in moved]),
                              None if draft.links is None else draft.most_moved(moved))
                start = joining.z
                reached = joining.follow()
                at.plan = plan_of(draft, reached.z)
            else:
                start = reached.z
            mapped = laid_choice(at.plan, at.choice, self._shares(draft, at.plan), self._patterns(draft, at))
            new_pins = self.economy.pinned(at.years, at.pins)
            at.response = self._responded(at, replace(paid, z=reached.z))
            x, y = _state(at.choice, at.pins, at.mix), _state(mapped, new_pins, at.response.mix)
            at.residual = max(float((np.abs(y - x) / scale).max()), new_pins.miss)
            residuals.append(at.residual)
            if progress:
                progress(len(residuals), at.residual, reached)
            if number:
                # the point at the start moves with the first re-solve: its residual is no measure
                best, waited = (at.residual, 0) if at.residual < best else (best, waited + 1)
            if (number and at.residual <= goal) or waited >= PATIENCE or number == most - 1:
                break
            x, y = np.concatenate([x, start]), np.concatenate([y, reached.z])
            x = mixer.advance(x, y, at.residual) if number else y
            at.choice, at.pins, at.mix = _choice(x[: len(scale)], at.choice, new_pins, at.mix)
            joining.z = x[len(scale) :]
            at.years = self._years(at.choice, at.pins, at.years, at.mix, max(CLOSURE, ACCURATE * at.residual))
        return mixer, reached

    def _shares(self, draft, plan) -> np.ndarray:
        """(T + 1, R, R) origins of electricity; the base year keeps its own."""
        base = self.study.base
        first = base.trade_shares[base.industries.index("electricity")]
        return np.concatenate([first[None], electricity_shares(draft, plan)])

    def _patterns(self, draft, at: _Round) -> np.ndarray | None:
        """(T + 1, P, R, R) trade patterns of goods that carry what the plan moves; the base year keeps its own."""
        first = at.choice.product_shares
        if first is None:
            return None
        P, R = first.shape[1:3]
        moved = [np.zeros((P, R, R)) if draft.links is None else draft.links.table(amounts, P, R)
                 for amounts in at.plan.moved.T]
        later = [pattern_with(self.study, year, own) for year, own in zip(at.years[1:], moved, strict=True)]
        return np.concatenate([first[:1], np.stack(later)])

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
        J = len(self.study.base.industries)
        goods = len(industries_of(self.study.base)) if asked_for(self.study) else 0
        relative = np.ones(T * G * G * (1 + goods) + (T + 1) * (J + 1))     # origins of electricity and goods, pins
        return np.concatenate([made.ravel(), standing.ravel(), heat.ravel(), power.ravel(), relative])


def _expected_slack(national: Loop, whole: Assembled) -> np.ndarray:
    """(k,) constraints of the nation, one for every technology and year, that do not bind in its own programme."""
    slack = np.zeros(len(whole.complete.k_lower), dtype=bool)
    here, there = whole.draft.programme.rows, national.iterate.assembled
    for name in ("growth", "inertia"):
        if name in here:
            block = there.draft.programme.rows[name]
            free = np.abs(national.iterate.joined.multipliers[there.kept_of[block.index]]) <= NOTHING
            slack[whole.kept_of[here[name].index][free]] = True
    return slack


def _moving(choice: Choice) -> list[np.ndarray]:
    """Arrays of a choice that the outer loop moves."""
    found = [choice.activity, choice.building, choice.chp_heat, choice.net_losses, choice.electricity_shares]
    return found if choice.product_shares is None else [*found, choice.product_shares]


def _state(choice: Choice, pins: Pins, mix: Mix) -> np.ndarray:
    """Activity, additions, heat, losses, origins of electricity and goods after the first year, pins and mix."""
    later = [a[1:].ravel() for a in _moving(choice)]
    return np.concatenate([*later, pins.material.ravel(), pins.electricity, mix.state()])


def _choice(x: np.ndarray, before: Choice, pins: Pins, mix: Mix) -> tuple[Choice, Pins, Mix]:
    """A state as a choice, pins and mix: nothing negative, origins of electricity and goods summing to one."""
    parts, at = [], 0
    for array in _moving(before):
        later = np.maximum(x[at : at + array[1:].size].reshape(array[1:].shape), 0.0)
        parts.append(np.concatenate([array[:1], later]))
        at += array[1:].size
    for origins in parts[4:]:
        origins[1:] /= origins[1:].sum(axis=-2, keepdims=True)
    activity, building, chp_heat, net_losses, *origins = parts
    material = x[at : at + pins.material.size].reshape(pins.material.shape)
    at += material.size
    moved = replace(pins, material=material, electricity=x[at : at + len(pins.electricity)])
    return (Choice(activity, chp_heat, building, net_losses, *origins), moved,
            mix.at(np.maximum(x[at + len(pins.electricity) :], 0.0)))


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
