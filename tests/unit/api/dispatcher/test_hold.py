from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.dispatcher.hold import LINE_LIMIT, POD_REQUESTS, Hold
from api.dispatcher.metrics import Metrics
from api.dispatcher.route_table import Pod, Route
from core.names import Address


class Request:
    """Waits until it gets a pod."""

    def __init__(self, hold: Hold, route: Route, served: list[Request]) -> None:
        self.hold, self.route, self.served = hold, route, served
        self.pod: Pod | None = None

    def resume(self) -> None:
        self.pod = self.hold.acquire(self.route)
        if self.pod is not None:
            self.served.append(self)
        else:
            assert self.hold.enter(self.route, self)


def make_route(pods: int) -> Route:
    route = Route(("tnt-1", "hello"))
    key = route.key
    route.serving = [Pod(f"p{n}", key, Address(path=f"/p{n}"), "a" * 12, "", True, 30, 1, 0) for n in range(pods)]
    return route


@given(st.integers(1, 3), st.lists(st.one_of(st.just("come"), st.integers(0, 50)), max_size=120))
def test_first_come_first_served_and_no_pod_has_more_than_it_can_take(pods: int, steps: list[str | int]) -> None:
    hold, route, served, running = Hold(), make_route(pods), [], []
    come: list[Request] = []
    for step in steps:
        before = len(served)
        if isinstance(step, str):
            request = Request(hold, route, served)
            come.append(request)
            if route.waiting:
                hold.enter(route, request)
            else:
                request.resume()
        elif running:
            pod = running.pop(step % len(running)).pod
            assert pod is not None
            hold.release(route, pod)
        running += served[before:]
        assert all(pod.in_flight <= POD_REQUESTS for pod in route.serving)
        assert sum(pod.in_flight for pod in route.serving) == len(running)
        assert not route.waiting or all(pod.in_flight == POD_REQUESTS for pod in route.serving)
        assert hold.waiting == len(route.waiting)
    assert served == come[: len(served)]


def test_a_line_has_an_end() -> None:
    hold, route = Hold(), make_route(0)
    requests = [Request(hold, route, []) for _ in range(LINE_LIMIT + 1)]
    assert [hold.enter(route, request) for request in requests] == [True] * LINE_LIMIT + [False]
    hold.leave(route, requests[0])
    hold.leave(route, requests[0])
    assert hold.waiting == LINE_LIMIT - 1


def test_all_are_woken_in_order_when_a_pod_comes() -> None:
    hold, route, served = Hold(), make_route(0), []
    requests = [Request(hold, route, served) for _ in range(20)]
    for request in requests:
        hold.enter(route, request)
    route.serving = make_route(1).serving
    hold.wake(route)
    assert served == requests[:POD_REQUESTS]
    assert list(route.waiting) == requests[POD_REQUESTS:]


def test_metrics_are_written_for_prometheus() -> None:
    metrics = Metrics({"held": lambda: 3})
    metrics.count(("tnt-1", "hello"), 200, 0.002)
    metrics.count(("tnt-1", "hello"), 204, 0.2)
    metrics.count(None, 404, 99)
    lines = metrics.write().splitlines()

    assert 'paaks_dispatcher_requests_total{namespace="tnt-1",service="hello",status="2xx"} 2' in lines
    assert 'paaks_dispatcher_requests_total{namespace="",service="",status="4xx"} 1' in lines
    assert 'paaks_dispatcher_seconds_bucket{le="0.0025"} 1' in lines
    assert 'paaks_dispatcher_seconds_bucket{le="60.0"} 2' in lines
    assert 'paaks_dispatcher_seconds_bucket{le="+Inf"} 3' in lines
    assert "paaks_dispatcher_held 3" in lines
