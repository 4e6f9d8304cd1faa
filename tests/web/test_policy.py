"""What our pages allow themselves, and other sites' pages: the policy, cookies, frames, requests that others send."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from started_platform import StartedPlatform
from visitor import sign_in

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


@pytest.fixture
def other_site() -> Iterator[Callable[[str], str]]:
    """Another site on this machine, whose one page says what the test gives it: a function from page to address."""
    pages = [""]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages[0].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def serve(page: str, host: str = "127.0.0.1") -> str:
        pages[0] = page
        return f"http://{host}:{server.server_port}/"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def signed_in(platform: StartedPlatform, browser: Browser) -> Iterator[Page]:
    """Somebody who is signed in and opens another site; what that site's page complains of is nobody's fault here."""
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        sign_in(platform, page)
        yield page


@pytest.mark.parametrize("path", ["/", "/login", "/t/demo", "/admin", "/account", "/t/demo/s/hello"])
def test_the_policy_of_every_page(platform: StartedPlatform, path: str) -> None:
    headers = httpx2.get(platform.api + path).headers

    assert headers["content-security-policy"] == POLICY
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_nothing_to_run_is_written_into_the_page(platform: StartedPlatform) -> None:
    text = httpx2.get(f"{platform.api}/t/demo").text

    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL)
    assert scripts
    assert [script for script in scripts if script.strip()] == []
    assert not re.search(r"<style\b|\bstyle=|\bon[a-z]+=|javascript:", text)


def test_a_written_script_would_not_run(signed_in: Page) -> None:
    signed_in.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = 1';
            document.body.append(script);
            const place = document.createElement('div');
            place.innerHTML = '<img src=x onerror="window.ran = 1">';
            document.body.append(place);
            const link = document.createElement('a');
            link.href = 'javascript:window.ran=1';
            document.body.append(link);
            link.click();
            setTimeout('window.ran = 1');
            return new Promise((resolve) => {
                place.firstChild.addEventListener('error', () => setTimeout(resolve, 50));
            });
        }"""
    )
    assert signed_in.evaluate("() => window.ran") is None


def test_cookies_are_not_for_scripts(platform: StartedPlatform, signed_in: Page) -> None:
    assert signed_in.evaluate("() => document.cookie") == ""
    cookies = signed_in.context.cookies()
    assert {cookie["name"].removeprefix("__Host-") for cookie in cookies} == {"paaks_session", "paaks_refresh"}
    for cookie in cookies:
        assert cookie["httpOnly"], cookie["name"]
        assert cookie["sameSite"] == "Strict", cookie["name"]
    kept = signed_in.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})")
    assert not re.search(r"eyJ|paaks_pat|csrf", kept)


@pytest.mark.parametrize("path", ["/login", "/t/demo", "/t/demo/s/hello", "/api/v1/tenants", "/docs"])
def test_no_other_site_frames_a_page(
    platform: StartedPlatform, signed_in: Page, other_site: Callable[..., str], path: str
) -> None:
    signed_in.goto(
        other_site(f"<iframe id=frame src='{platform.api}{path}' onload='document.title=\"over\"'></iframe>")
    )
    expect(signed_in).to_have_title("over")

    [frame] = signed_in.main_frame.child_frames
    assert urlsplit(frame.url).scheme == "chrome-error"


FETCH = """
<script>
const send = (path, options) => fetch('%(api)s' + path, {method: 'POST', credentials: 'include', ...options});
const json = {'Content-Type': 'application/json'};
const body = JSON.stringify({name: '%(service)s'});
Promise.allSettled([
  send('/api/v1/tenants/demo/services', {body, mode: 'no-cors', headers: {'Content-Type': 'text/plain'}}),
  send('/api/v1/tenants/demo/services', {body, headers: json}),
  send('/api/v1/tenants/demo/services', {body, headers: {...json, 'X-PaaKS-CSRF': 'guessed'}}),
  send('/api/v1/session/refresh', {mode: 'no-cors'}),
]).then((all) => { document.title = all.map(({status, value}) => value?.type ?? status).join(); });
</script>"""
FORM = """
<form method=post enctype=text/plain action="%(api)s/api/v1/tenants/demo/services">
<input name='{"name":"%(service)s","x":"' value='"}'></form><script>document.forms[0].submit()</script>"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # another port of the same site, and another site
def test_another_sites_page_changes_nothing(
    platform: StartedPlatform, signed_in: Page, other_site: Callable[..., str], service_name: str, host: str
) -> None:
    words = {"api": platform.api, "service": service_name}
    signed_in.goto(other_site(FETCH % words, host))
    # Two are sent, for nobody is asked first; but no answer is for it to see.
    expect(signed_in).to_have_title("rejected,rejected,rejected,rejected")
    with signed_in.expect_navigation(url=f"{platform.api}/**"):
        signed_in.goto(other_site(FORM % words, host))

    with platform.client() as client:
        names = [service["name"] for service in client.get("/api/v1/tenants/demo/services").json()["items"]]
    assert "hello" in names
    assert service_name not in names
    signed_in.goto(f"{platform.api}/t/demo")
    expect(signed_in.get_by_role("heading", level=1, name="Services")).to_be_visible()


def test_a_page_of_ours_without_the_proof_is_refused(
    platform: StartedPlatform, signed_in: Page, service_name: str
) -> None:
    status = signed_in.evaluate(
        """async (name) => (await fetch('/api/v1/tenants/demo/services', {
            method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({name}),
        })).status""",
        service_name,
    )

    assert status == 403


def test_edit_09_a_raw_file_is_no_script_of_ours(platform: StartedPlatform, signed_in: Page, service_name: str) -> None:
    clone = platform.clone()
    handler = "class Handler:\n    def run(self, req):\n        return 1\n"
    clone.commit(
        {f"{service_name}/handler.py": handler, f"{service_name}/service.yaml": "", f"{service_name}/x.js": "ran=1"}
    )
    clone.push()
    address = f"/api/v1/tenants/demo/services/{service_name}/files/x.js"

    outcome = signed_in.evaluate(
        """address => new Promise((resolve) => {
            const script = document.createElement('script');
            script.onload = () => resolve('ran');
            script.onerror = () => resolve('refused');
            script.src = address;
            document.head.append(script);
        })""",
        address,
    )

    assert outcome == "refused"
    assert signed_in.evaluate("() => window.ran") is None
