# SPDX-License-Identifier: MIT
# Programs in C that the measurements need: bench/NAME.c, linked with the whole core. `make check` builds them, so that
# they follow the core.
bench_programs = bench/contexts bench/deflate bench/kernels bench/list bench/many bench/start
check_PROGRAMS += $(bench_programs)
bench_deflate_LDADD = $(DEFLATE_LDADD)

# Side by side with the peers: wants the python of `make check-interop`, and uses that of `make check-torch` and the peers
# of bench-peers if they are there. ROWS='npz.* pt.open': those groups alone, which `make bench-names` lists. JSON=FILE: the
# rows for bench/compare. BENCH_FOLDER (environment): a folder on the disk to measure, else the build folder.
ROWS =
JSON =
bench_run = PYTHON='$(abs_builddir)/venv/bin/python' ./run $(srcdir)/bench/run
bench_options = --rows='$(ROWS)' --json='$(JSON)'
bench: bench-ready
	@$(bench_run) $(bench_options)
bench-quick: bench-ready
	@$(bench_run) --quick $(bench_options)
bench-names: all python venv/.done
	@$(bench_run) --names $(bench_options)
bench-ready: all python venv/.done $(bench_programs) $(test_plugins)
	@$(bench_build_peers) || :

# The peers that are no Python packages: the crate safetensors by cargo, and ggml from a source archive. Those that are
# there already are left as they are; those that cannot be built are left out of the table, which says why.
bench_build_peers = CC='$(CC)' CXX='$(CXX)' $(SHELL) $(srcdir)/bench/peers/build peers '$(abs_builddir)/venv/bin/python'
bench-peers: venv/.done
	@$(bench_build_peers)

# How far a reader of the sources walks to follow one tensor: bench/walk says how it counts.
walk:
	@CC='$(CC)' MAKE='$(MAKE)' $(SHELL) $(srcdir)/bench/walk $(srcdir) walk
clean-walk:
	rm -rf walk

# Circles, lengths, names, lines: bench/figures says how it counts. It wants a Python 3, without any package.
figures: all
	@$(srcdir)/bench/figures $(srcdir) .

# OTHER=FOLDER: beside those of another build.
OTHER =
instructions: all
	@CC='$(CC)' $(srcdir)/bench/instructions . $(OTHER)

.PHONY: bench bench-names bench-peers bench-quick bench-ready figures instructions walk clean-walk
