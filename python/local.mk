# SPDX-License-Identifier: MIT
# The Python package. `make python` compiles its extension against this build, beside links to the modules, in python/site;
# `make wheel` makes what users install.
PYTHON_PACKAGE = $(srcdir)/python/tenon
PYTHON_EXTENSION = $(srcdir)/python/ext
PYTHON_LIMITED_API = 0x030A0000

# The packages that `make check-python` needs beside those of `make check-interop`.
venv-python/.done: venv/.done python/tests/requirements.txt
	$(SHELL) $(srcdir)/build-aux/python-venv venv-python $(srcdir)/python/tests/requirements.txt
	echo '$(abs_builddir)'/venv/lib/python*/site-packages >`echo venv-python/lib/python*/site-packages`/peers.pth
	@touch $@

python/site/tenon/_core.abi3.so: libtenon.la venv/.done $(wildcard $(srcdir)/python/ext/*.[ch] $(srcdir)/python/tenon/*) $(tenoninclude_HEADERS)
	$(AM_V_CC)$(MKDIR_P) python/site/tenon && \
	rm -rf python/site/tenon/* && $(LN_S) $(abs_top_srcdir)/python/tenon/* python/site/tenon && \
	flags=`venv/bin/python -c 'import numpy, sysconfig; print ("-isystem", numpy.get_include (), "-isystem", sysconfig.get_path ("include"))'` && \
	$(CC) -DPy_LIMITED_API=$(PYTHON_LIMITED_API) $(PUBLIC_CPPFLAGS) $$flags $(BASE_CFLAGS) $(WARNING_CFLAGS) $(HARDENING_CFLAGS) \
	  $(SANITIZER_CFLAGS) $(CFLAGS) -fPIC -shared -o $@ $(srcdir)/python/ext/*.c -L.libs -ltenon -Wl,-rpath,$(abs_builddir)/.libs
python: python/site/tenon/_core.abi3.so

check-python: all python venv-python/.done
	@PYTHONPATH='$(abs_builddir)/python/site' PYTHONDONTWRITEBYTECODE=1 $(srcdir)/tests/logged checks/python.log ./run \
	  venv-python/bin/python -m pytest -q -p no:cacheprovider -c $(srcdir)/python/pyproject.toml $(srcdir)/python/tests $(PYTEST_FLAGS)

.PHONY: python check-python
