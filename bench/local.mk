# SPDX-License-Identifier: MIT
# Programs in C that the measurements need: bench/NAME.c, linked with the whole core, built by `make bench`.
bench_programs = bench/deflate bench/kernels bench/list bench/many bench/start
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

# Side by side with NumPy: wants the python of `make check-interop`.
bench: all venv/.done $(bench_programs) $(test_plugins)
	PYTHON='$(abs_builddir)/venv/bin/python' ./run $(srcdir)/bench/run

.PHONY: bench
