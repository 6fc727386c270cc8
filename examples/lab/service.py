"""A small laboratory's HTTP API, for Midfield's quickstart and tests.

Python's standard library only. Data is made anew at each start and is always the same. `openapi.yaml`
describes the API; `laboratory.py` holds what the laboratory knows, this file what HTTP asks of it.
"""

import argparse
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

sys.dont_write_bytecode = True

from label import label_png  # noqa: E402
from laboratory import Laboratory, Problem  # noqa: E402

MAX_BODY = 1 << 20

# Method, path, name of the method that answers. The groups of a path become its arguments.
ROUTES = [
    ("GET", r"/samples", "list_samples"),
    ("POST", r"/samples", "register_sample"),
    ("GET", r"/samples/([^/]+)", "get_sample"),
    ("PATCH", r"/samples/([^/]+)", "update_sample"),
    ("DELETE", r"/samples/([^/]+)", "discard_sample"),
    ("GET", r"/samples/([^/]+)/label", "get_label"),
    ("GET", r"/instruments", "list_instruments"),
    ("GET", r"/instruments/([^/]+)", "get_instrument"),
    ("GET", r"/assays", "list_assays"),
    ("POST", r"/assays", "start_assay"),
    ("GET", r"/assays/([^/]+)", "get_assay"),
    ("GET", r"/assays/([^/]+)/result", "get_result"),
    ("GET", r"/assays/([^/]+)/measurements", "get_measurements"),
    ("GET", r"/jobs/([^/]+)", "get_job"),
    ("DELETE", r"/jobs/([^/]+)", "cancel_job"),
]


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "laboratory/1"
    # An answer goes out in one piece, at once.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def answer(self):
        url = urlsplit(self.path)
        try:
            body = self.read_body()
            with self.server.lock:
                self.route(url.path, parse_qs(url.query, keep_blank_values=True), body)
        except Problem as problem:
            self.send_problem(problem)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

    def route(self, path, query, body):
        allowed = []
        for method, pattern, name in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                arguments = [unquote(group) for group in found.groups()]
                return getattr(self, name)(*arguments, query=query, body=body)
            if found:
                allowed.append(method)
        if allowed:
            raise Problem(405, "Method not allowed", f"only {', '.join(allowed)} is answered here")
        raise Problem(404, "Not found", "there is nothing at this path")

    def read_body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            raise Problem(413, "Too large", f"a body may have {MAX_BODY} bytes")
        if length == 0:
            return None
        text = self.rfile.read(length)
        try:
            return json.loads(text)
        except ValueError:
            raise Problem(400, "Not JSON", "the body is not JSON") from None

    # Samples

    def list_samples(self, query, body):
        page = self.server.laboratory.samples(
            status=one(query, "status"),
            material=one(query, "material"),
            offset=number(query, "offset", 0),
            limit=number(query, "limit", 20),
        )
        self.send_json(200, page)

    def register_sample(self, query, body):
        sample = self.server.laboratory.register(body)
        self.send_json(201, sample, {"Location": f"/samples/{sample['id']}"})

    def get_sample(self, sample_id, query, body):
        self.send_json(200, self.server.laboratory.sample(sample_id))

    def update_sample(self, sample_id, query, body):
        self.send_json(200, self.server.laboratory.update(sample_id, body))

    def discard_sample(self, sample_id, query, body):
        if self.headers.get("X-Api-Key") != self.server.api_key:
            raise Problem(401, "Not allowed", "the header X-Api-Key does not hold the laboratory's key")
        self.server.laboratory.discard(sample_id)
        self.send(204, None, b"")

    def get_label(self, sample_id, query, body):
        sample = self.server.laboratory.sample(sample_id)
        self.send(200, "image/png", label_png(sample["id"]))

    # Instruments

    def list_instruments(self, query, body):
        self.send_json(200, {"instruments": self.server.laboratory.instruments()})

    def get_instrument(self, instrument_id, query, body):
        self.send_json(200, self.server.laboratory.instrument(instrument_id))

    # Assays and their jobs

    def list_assays(self, query, body):
        self.send_json(200, self.server.laboratory.assays(sample_id=one(query, "sampleId")))

    def start_assay(self, query, body):
        job = self.server.laboratory.start(body)
        self.send_json(202, job, {"Location": f"/jobs/{job['id']}", "Retry-After": "1"})

    def get_assay(self, assay_id, query, body):
        self.send_json(200, self.server.laboratory.assay(assay_id))

    def get_result(self, assay_id, query, body):
        self.send_json(200, self.server.laboratory.result(assay_id))

    def get_measurements(self, assay_id, query, body):
        text = self.server.laboratory.measurements(assay_id)
        self.send(200, "text/csv; charset=utf-8", text.encode())

    def get_job(self, job_id, query, body):
        job = self.server.laboratory.job(job_id)
        wait = {"Retry-After": "1"} if job["status"] in ("queued", "running") else {}
        self.send_json(200, job, wait)

    def cancel_job(self, job_id, query, body):
        self.send_json(200, self.server.laboratory.cancel(job_id))

    # Answers

    def send_json(self, status, value, headers=None, media_type="application/json"):
        self.send(status, media_type, json.dumps(value).encode(), headers)

    def send_problem(self, problem):
        self.send_json(problem.status, problem.as_json(), media_type="application/problem+json")

    def send(self, status, media_type, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if media_type:
            self.send_header("Content-Type", media_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Says nothing of requests that went well."""


def one(query, name):
    values = query.get(name)
    return values[-1] if values else None


def number(query, name, default):
    text = one(query, name)
    if text is None:
        return default
    if not text.isdecimal():
        raise Problem.of_value(f"/{name}", "must be a whole number, zero or more")
    return int(text)


def end_with_stdin(server):
    while os.read(0, 1024):
        pass
    server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7421, help="0 takes a free one")
    parser.add_argument("--api-key", help="file that holds the key for what cannot be undone")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    server.laboratory = Laboratory()
    server.lock = threading.Lock()
    server.api_key = None
    if options.api_key:
        with open(options.api_key, encoding="utf-8") as file:
            server.api_key = file.read().strip()
    print(f"the laboratory answers at http://127.0.0.1:{server.server_port}", flush=True)
    if options.until_stdin_closes:
        threading.Thread(target=end_with_stdin, args=(server,), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
