# Gateway: every target sets up what it needs in .venv/ from the locks with hashes, and nothing outside this folder but
# Kafka's jars, which lie in the user's cache.
#
#   make demo ARGS="--once --json"    six nodes in one process; ARGS go to `jjj-gateway demo`
#   make test ARGS="tests/ledger"     lint, types, tests, coverage; ARGS go to pytest
#   make kafka BROKERS=3              Apache Kafka on loopback until Ctrl-C (Java 17 and Maven; jars are fetched once)
#   make kafka SECURE=tongzhou,sanhe  the same with TLS, passwords and access lists for these jurisdictions
#   make soak                         kill, disk, Kafka and generated-document tests, far longer than `make test` runs them
#   make fuzz N=1000000               that many hostile inputs to all that reads untrusted bytes; ends by itself
#   make PYTHON=python3.12 test       with a certain Python (3.11 or newer)
#
# Set-up speaks on standard error only, so `make -s demo ARGS="--once --json" | python3 -m json.tool` works.

ARGS ?=
N ?= 1000000
PYTHON ?=
BROKERS ?= 1
SECURE ?=
BIN := .venv/bin
export PYTHON
# Another project's path would shadow the locked packages.
unexport PYTHONPATH PYTHONHOME

.PHONY: demo kafka test soak fuzz lint lock bench clean help
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#  *\(make .*\)/  \1/p' Makefile; echo '  make lint | lock | bench | clean'

demo:
	@sh scripts/set-up run
	@$(BIN)/jjj-gateway demo $(ARGS)

kafka:
	@sh scripts/set-up run
	@$(BIN)/python -m gateway.broker.serve --brokers $(BROKERS) --secure "$(SECURE)" $(ARGS)

bench:
	@sh scripts/set-up run
	@$(BIN)/jjj-gateway bench $(ARGS)

lint:
	@sh scripts/set-up test
	$(BIN)/ruff check .
	$(BIN)/mypy --strict gateway docs/examples

test: lint
	$(BIN)/python -m pytest --cov -n 2 --dist loadfile $(ARGS)

soak:
	@sh scripts/set-up test
	JJJ_SOAK=1 $(BIN)/python -m pytest tests/flows/test_kill.py tests/flows/test_disk.py tests/flows/test_follow.py \
	    tests/flows/test_backlog.py tests/flows/test_kafka_outage.py tests/docs/test_verify_topic.py \
	    tests/deploy/test_set_up.py tests/records/test_generated.py $(ARGS)

# Without a wheel of Atheris for this machine the inputs are made from good ones only, and the run says so.
fuzz:
	@sh scripts/set-up test
	-@$(BIN)/python -m pip install --quiet --no-user --only-binary :all: --require-hashes -r requirements-fuzz.txt >&2
	$(BIN)/python -m tests.fuzz.run $(N) $(ARGS)

lock:
	@sh scripts/lock

clean:
	rm -rf .venv .venv.lock .lock-venv .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
