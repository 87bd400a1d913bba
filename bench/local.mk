# SPDX-License-Identifier: MIT
# Programs in C that the measurements need: bench/NAME.c, linked with the whole core. `make check` builds them, so that
# they follow the core.
bench_programs = bench/deflate bench/kernels bench/list bench/many bench/start
check_PROGRAMS += $(bench_programs)
bench_deflate_LDADD = $(DEFLATE_LDADD)

# Side by side with NumPy: wants the python of `make check-interop`.
bench: all venv/.done $(bench_programs) $(test_plugins)
	PYTHON='$(abs_builddir)/venv/bin/python' ./run $(srcdir)/bench/run

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

.PHONY: bench figures instructions walk clean-walk
