PYTHON ?= python3
BIN := .venv/bin
SCENARIO ?= peak2030_neutral2060

.PHONY: run test bench lint clean
run: .venv/ready
	$(BIN)/python run_model.py run $(SCENARIO) --force

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n 2

bench: .venv/ready
	$(BIN)/python tests/benchmarks

.venv/ready: setup.cfg pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) .venv && uv pip install --quiet --python $(BIN)/python -e '.[test]'; \
	else \
	  $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'; \
	fi
	@touch $@

clean:
	rm -rf .venv build *.egg-info
