"""What a rolling replacement does, step by step, and what it never does, whatever happens to the pods."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from runtime.node.rollout import Kept, Plan, PodState, is_available, plan_pods


def pods(*texts: str) -> list[PodState]:
    """`a1+` is pod a1 of revision a and ready, `b2-` one that is not, `c3x` one that is going."""
    return [PodState(text[:-1], text[0], text[-1] == "+", text[-1] == "x") for text in texts]


def test_the_first_revision_is_made_whole() -> None:
    assert plan_pods("a", 2, []) == Plan(create=("a", "a"))


def test_nothing_is_done_where_all_is_as_it_should_be() -> None:
    assert plan_pods("a", 2, pods("a1+", "a2+"), Kept("a", 2)) == Plan()
    assert plan_pods("a", 2, pods("a1-", "a2-")) == Plan()


def test_a_new_revision_starts_beside_the_old_one() -> None:
    assert plan_pods("b", 2, pods("a1+", "a2+"), Kept("a", 2)) == Plan(create=("b", "b"))


def test_the_old_revision_stays_until_as_many_new_pods_are_ready() -> None:
    assert plan_pods("b", 2, pods("a1+", "a2+", "b1+", "b2-"), Kept("a", 2)) == Plan()
    assert plan_pods("b", 2, pods("a1+", "a2+", "b1+", "b2+"), Kept("a", 2)) == Plan(stop=("a1", "a2"))


def test_a_failing_revision_gives_way_to_the_next_and_the_last_good_one_stays() -> None:
    assert plan_pods("c", 1, pods("a1+", "b1-"), Kept("a", 1)) == Plan(create=("c",), stop=("b1",))


def test_pods_of_the_last_good_revision_are_made_again_while_a_newer_one_fails() -> None:
    assert plan_pods("b", 2, pods("a1+", "a2x", "b1-", "b2-"), Kept("a", 2)) == Plan(create=("a",))


def test_a_pod_of_the_last_good_revision_that_crashes_is_left_to_start_again() -> None:
    assert plan_pods("b", 1, pods("a1-", "b1-"), Kept("a", 1)) == Plan()


def test_going_back_to_the_last_good_revision_ends_the_failing_one_at_once() -> None:
    assert plan_pods("a", 1, pods("a1+", "b1-"), Kept("a", 1)) == Plan(stop=("b1",))


def test_a_failing_revision_keeps_as_many_pods_of_the_good_one_as_that_asked_for() -> None:
    assert plan_pods("b", 5, pods("a1+", *(f"b{n}-" for n in range(5))), Kept("a", 1)) == Plan()


def test_scaling_down_takes_those_that_are_not_ready_and_then_the_youngest() -> None:
    assert plan_pods("a", 1, pods("a1-", "a2+", "a3+")) == Plan(stop=("a3", "a1"))


def test_no_replicas_means_no_pods_of_any_revision() -> None:
    assert plan_pods("b", 0, pods("a1+", "b1-"), Kept("a", 1)) == Plan(stop=("b1", "a1"))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=12),
    st.sampled_from("abc"),
    st.integers(0, 4),
    st.none() | st.builds(Kept, st.sampled_from("abc"), st.integers(1, 4)),
)
def test_a_step_never_stops_a_ready_pod_unless_enough_ready_ones_of_a_revision_stay(
    drawn: list[tuple[str, bool, bool]], revision: str, replicas: int, kept: Kept | None
) -> None:
    found = [PodState(f"p{n}", name, ready, going) for n, (name, ready, going) in enumerate(drawn)]
    plan = plan_pods(revision, replicas, found, kept)
    left = [pod for pod in found if pod.name not in plan.stop]
    if any(pod.ready for pod in found if pod.name in plan.stop and not pod.going):
        stays = is_available(revision, replicas, left) or (kept and is_available(kept.revision, kept.replicas, left))
        assert stays or (kept is None and count_ready(left) == count_ready(found))
    assert not any(pod.going for pod in found if pod.name in plan.stop)


def count_ready(found: list[PodState]) -> int:
    """How many ready pods the revision has that has most."""
    ready = [pod.revision for pod in found if pod.ready and not pod.going]
    return max((ready.count(revision) for revision in ready), default=0)


class Rollouts(RuleBasedStateMachine):
    """A Deployment of two pods whose revisions come, work, fail and are taken back, in any order."""

    replicas = 2

    @initialize()
    def start(self) -> None:
        self.revision, self.numbers, self.kept = "r0", 0, None
        self.broken: set[str] = set()
        self.pods: list[PodState] = []
        self.was_available = False

    def step(self) -> None:
        if is_available(self.revision, self.replicas, self.pods):
            self.kept, self.was_available = Kept(self.revision, self.replicas), True
        plan = plan_pods(self.revision, self.replicas, self.pods, self.kept)
        self.pods = [PodState(p.name, p.revision, p.ready, p.going or p.name in plan.stop) for p in self.pods]
        for revision in plan.create:
            self.numbers += 1
            self.pods.append(PodState(f"p{self.numbers}", revision, ready=False))

    @rule(broken=st.booleans())
    def change_template(self, broken: bool) -> None:
        self.numbers += 1
        self.revision = f"r{self.numbers}"
        if broken:
            self.broken.add(self.revision)
        self.step()

    @precondition(lambda self: self.kept is not None)
    @rule()
    def roll_back(self) -> None:
        assert self.kept is not None
        self.revision = self.kept.revision
        self.step()

    @rule(choice=st.integers(0, 100))
    def become_ready(self, choice: int) -> None:
        waiting = [p for p in self.pods if not p.ready and not p.going and p.revision not in self.broken]
        if waiting:
            chosen = waiting[choice % len(waiting)]
            self.pods = [PodState(p.name, p.revision, p.ready or p is chosen, p.going) for p in self.pods]
        self.step()

    @rule()
    def finish_one(self) -> None:
        going = [p for p in self.pods if p.going]
        self.pods = [p for p in self.pods if p not in going[:1]]
        self.step()

    @invariant()
    def as_many_are_ready_as_once_were(self) -> None:
        if getattr(self, "was_available", False):
            assert sum(p.ready for p in self.pods if not p.going) >= self.replicas

    @invariant()
    def there_are_never_more_than_three_revisions_of_pods_alive(self) -> None:
        alive = [p for p in getattr(self, "pods", ()) if not p.going]
        assert len(alive) <= 3 * self.replicas

    def teardown(self) -> None:
        if not hasattr(self, "pods"):
            return
        self.broken.discard(self.revision)
        for _ in range(6):
            self.step()
            self.pods = [PodState(p.name, p.revision, True) for p in self.pods if not p.going]
        assert [p.revision for p in self.pods] == [self.revision] * self.replicas


Rollouts.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestRollouts = Rollouts.TestCase
