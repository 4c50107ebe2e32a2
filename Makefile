# 岁序：一条命令就能用。所需：Python 3.11 以上和 make，不需要 Node。
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench chaos assets screenshots

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BUILT := web/static/built.txt
# PYTHON=… chooses another interpreter; otherwise the first that is new enough.
PYTHON ?=
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
FRONTEND := $(shell find web/frontend -name node_modules -prune -o -type f -print 2>/dev/null)
# Tests to run, and anything else for pytest: make test ARGS="tests/engine -x"
ARGS ?=
# How long chaos torments each database, and which of its courses it takes (else another each time).
SECONDS ?= 60
SEED ?=

help: ## 列出可用的命令
	@echo '用法：make <命令>'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(INSTALLED) $(BUILT) ## 准备好一切，打开演示（http://127.0.0.1:8000）
	@$(BIN)/suixu demo

test: $(INSTALLED) $(BUILT) ## 运行全部测试，报告覆盖率；缺 PostgreSQL 或 Chromium 时在末尾明说
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(ARGS)

check: $(INSTALLED) ## 检查格式、写法、类型和各层之间的引用方向
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(INSTALLED) $(BUILT) ## 量速度：每个数字旁边是它的下限和目标，写入 build/bench.json（约五分钟，不判成败）
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: $(INSTALLED) $(BUILT) ## 边办边杀：反复杀死进程、切断数据库连接，再核对记录（SECONDS=60 每种数据库多久，SEED= 重放一次）
	@SECONDS='$(SECONDS)' SEED='$(SEED)' $(BIN)/python -m benchmarks.chaos

assets: $(INSTALLED) ## 重新生成网页用的脚本和样式（web/static/）
	@$(BIN)/python -m web.assets

screenshots: $(INSTALLED) $(BUILT) ## 重新拍说明里的图片（docs/images/），需要 Chromium
	@$(BIN)/python docs/screenshots.py

$(BUILT): $(INSTALLED) web/assets.py $(FRONTEND)
	@$(BIN)/python -m web.assets

$(INSTALLED): setup.cfg pyproject.toml
	@set -e; \
	python='$(PYTHON)'; \
	if [ -z "$$python" ] && [ -x $(BIN)/python ]; then python=$(BIN)/python; fi; \
	if [ -z "$$python" ]; then \
	  for one in $(CANDIDATES); do \
	    if "$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$one; break; fi; \
	  done; \
	fi; \
	if [ -z "$$python" ] || ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo '缺少 Python 3.11 或更新的版本。Debian、Ubuntu：sudo apt-get install python3 python3-venv'; \
	  echo '装在别处时：make PYTHON=/路径/python3.11'; exit 1; \
	fi; \
	if [ ! -x $(BIN)/python ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    echo "这个 Python 缺少 venv 模块。Debian、Ubuntu：sudo apt-get install python$$version-venv"; exit 1; \
	  fi; \
	  echo '建立 $(VENV) ……'; "$$python" -m venv --clear $(VENV); \
	fi; \
	echo '安装所需的 Python 软件包（第一次约一两分钟）……'; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,build]' || { \
	  echo '安装没有完成：请看上面的原因（多半是连不上软件包源），再运行同一条命令。'; exit 1; }; \
	touch $(INSTALLED)
