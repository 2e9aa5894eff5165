#!/usr/bin/env python3
"""hub.py DIRECTORY PORT: a stand-in for Hugging Face on loopback. DIRECTORY/OWNER/NAME has the files of each repository. Prints a line for each request."""
import hashlib
import json
import os
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

root, port = sys.argv[1], int(sys.argv[2])
COMMIT = "0" * 40


def describe(name, path):
    content = open(path, "rb").read()
    entry = {"rfilename": name, "size": len(content), "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}
    if name.endswith(".rkllm"):
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = urllib.parse.unquote(self.path.split("?")[0]).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.list("/".join(parts[2:4]))
        elif len(parts) > 4 and parts[2] == "resolve":
            self.send(os.path.join(root, *parts[:2], *parts[4:]))
        else:
            self.answer(404, b"")

    def list(self, repository):
        directory = os.path.join(root, repository)
        if not os.path.isdir(directory):
            return self.answer(401, b"", {"X-Error-Code": "RepoNotFound"})
        files = [describe(name, os.path.join(directory, name)) for name in sorted(os.listdir(directory))]
        body = {"id": repository, "sha": COMMIT, "gated": False, "private": False, "cardData": {}, "tags": ["rkllm"], "siblings": files}
        self.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send(self, path):
        if not os.path.isfile(path):
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        content, headers, status = open(path, "rb").read(), {"X-Repo-Commit": COMMIT}, 200
        entry = describe(os.path.basename(path), path)
        headers["ETag"] = '"%s"' % (entry["lfs"]["sha256"] if "lfs" in entry else entry["blobId"])
        if self.headers["Range"]:
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            headers["Content-Range"] = "bytes %s-%s/%d" % (first, last, len(content))
            content, status = content[int(first):int(last) + 1], 206
        self.answer(status, content, headers)

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", port), Hub).serve_forever()
