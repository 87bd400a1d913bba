# SPDX-License-Identifier: MIT
# Programs in C that the measurements need: bench/NAME.c, linked with the whole core, built by `make bench`.
bench_programs = bench/deflate bench/kernels bench/list bench/many bench/start
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)

# Side by side with NumPy: wants the python of `make check-interop`.
bench: all venv/.done $(bench_programs) $(test_plugins)
	PYTHON='$(abs_builddir)/venv/bin/python' ./run $(srcdir)/bench/run

# How far a reader of the sources walks to follow one tensor: bench/walk says how it counts.
walk:
	@CC='$(CC)' MAKE='$(MAKE)' $(SHELL) $(srcdir)/bench/walk $(srcdir) walk
clean-walk:
	rm -rf walk

.PHONY: bench walk clean-walk
