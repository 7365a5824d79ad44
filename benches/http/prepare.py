"""Signs in and gathers what the load asks for: BASE USERNAME PASSWORD OUT.

Writes OUT/token, OUT/cookie, OUT/ids (households), OUT/prefix, OUT/substring,
OUT/initials (what is searched for) and OUT/area. Standard library only.
"""

import http.cookiejar
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

base, username, password, out = sys.argv[1:5]
out = pathlib.Path(out)


def ask(path, body=None, token=None):
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = "Bearer " + token
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(base + path, data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def sign_in_by_form():
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(base + "/login").read().decode()
    token = re.search(r'name="csrf" value="([^"]*)"', page).group(1)
    fields = {"csrf": token, "next": "", "username": username, "password": password}
    request = urllib.request.Request(
        base + "/login", urllib.parse.urlencode(fields).encode(), {"Origin": base}
    )
    browser.open(request)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


token = ask("/api/v1/session", {"username": username, "password": password})["access_token"]
(out / "token").write_text(token)
(out / "cookie").write_text(sign_in_by_form())


def pages(path, most):
    items, after = [], None
    while len(items) < most:
        page = ask(f"{path}limit=200" + (f"&after={after}" if after else ""), token=token)
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    return items


homes = [home for home in pages("/api/v1/households?", 6000) if home["members"] > 0]
(out / "ids").write_text("\n".join(home["id"] for home in homes))
print(f"{len(homes)} households, {sum(h['members'] for h in homes) / len(homes):.1f} members each")

areas = ask("/api/v1/areas", token=token)["items"]
(out / "area").write_text(areas[-1]["code"])

names = {item["name"] for letter in "abcghlmswxyz" for item in pages(f"/api/v1/residents?name={letter}&", 400)}
wanted = [name for name in sorted(names) if len(name) == 3]
(out / "prefix").write_text("\n".join({name[:2] for name in wanted}))
(out / "substring").write_text("\n".join({name[1:] for name in wanted}))
initials = [a + b + c for a in "wlzcy" for b in "xjmh" for c in "yfhl"]
(out / "initials").write_text("\n".join(initials))
