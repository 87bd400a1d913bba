# SPDX-License-Identifier: MIT
# The Python package. `make python` compiles the extension for this build into python/site, with links to the modules;
# `make python-package` compiles the files of a wheel for python/setup.py; `make check-wheel` installs a wheel and tests it.
PYTHON_PACKAGE = $(srcdir)/python/tenon
PYTHON_EXTENSION = $(srcdir)/python/ext
PYTHON_MODULES = $(wildcard $(srcdir)/python/tenon/* $(srcdir)/python/tenon/*/*)

# ---- the extension ---------------------------------------------------------------------------------------------------
# One extension for CPython 3.10 and later; python/setup.py sets these for interpreters without the stable ABI.
PYTHON_TAG = abi3
PYTHON_LIMITED_API = -DPy_LIMITED_API=0x030A0000
PYTHON_CPPFLAGS = `cat python/flags`
PYTHON_OBJECTS = $(patsubst $(srcdir)/python/ext/%.c,python/objects/$(PYTHON_TAG)/%.o,$(wildcard $(srcdir)/python/ext/*.c))
PYTHON_LINK = $(CC) $(SANITIZER_CFLAGS) $(CFLAGS) -shared -L.libs $(HARDENING_LDFLAGS) $(LDFLAGS)

$(PYTHON_OBJECTS): python/objects/$(PYTHON_TAG)/%.o: $(srcdir)/python/ext/%.c $(wildcard $(srcdir)/python/ext/*.h) $(tenoninclude_HEADERS)
	$(AM_V_CC)$(MKDIR_P) python/objects/$(PYTHON_TAG) && \
	flags=$(PYTHON_CPPFLAGS) && \
	$(CC) $(PYTHON_LIMITED_API) $(PUBLIC_CPPFLAGS) $$flags $(CPPFLAGS) $(BASE_CFLAGS) $(WARNING_CFLAGS) $(HARDENING_CFLAGS) \
	  $(SANITIZER_CFLAGS) $(CFLAGS) -fPIC -c -o $@ $<

python/flags: venv/.done build-aux/python-flags
	$(AM_V_GEN)$(MKDIR_P) python && venv/bin/python $(srcdir)/build-aux/python-flags >$@.new && mv -f $@.new $@

# ---- in the build tree -----------------------------------------------------------------------------------------------
# The packages that `make check-python` needs beside those of `make check-interop`.
venv-python/.done: venv/.done python/tests/requirements.txt
	$(SHELL) $(srcdir)/build-aux/python-venv venv-python $(srcdir)/python/tests/requirements.txt
	echo '$(abs_builddir)'/venv/lib/python*/site-packages >`echo venv-python/lib/python*/site-packages`/peers.pth
	@touch $@

python/site/tenon/_core.abi3.so: libtenon.la python/flags $(PYTHON_MODULES)
	$(AM_V_GEN)$(MKDIR_P) python/site/tenon/bin && \
	for link in python/site/tenon/* python/site/tenon/bin/*; do test ! -L $$link || rm -f $$link; done && \
	$(LN_S) $(abs_top_srcdir)/python/tenon/* python/site/tenon && \
	$(LN_S) $(abs_builddir)/tools/.libs/tenon python/site/tenon/bin && \
	$(MAKE) $(AM_MAKEFLAGS) $(PYTHON_OBJECTS) && \
	$(PYTHON_LINK) -o $@ $(PYTHON_OBJECTS) -ltenon -Wl,-rpath,$(abs_builddir)/.libs
python/site/tenon/_core.abi3.so: $(wildcard $(srcdir)/python/ext/*.[ch]) $(tenoninclude_HEADERS)
python: python/site/tenon/_core.abi3.so

check-python: all python venv-python/.done
	@PYTHONPATH='$(abs_builddir)/python/site' PYTHONDONTWRITEBYTECODE=1 $(srcdir)/tests/logged checks/python.log ./run \
	  venv-python/bin/python -X dev -m pytest -q -p no:cacheprovider -c $(srcdir)/python/pyproject.toml $(srcdir)/python/tests \
	  --ignore=$(srcdir)/python/tests/installed --ignore=$(srcdir)/python/tests/frameworks $(PYTEST_FLAGS)

# For a build with --enable-sanitizers: the tests that reach most of the extension. LD_PRELOAD loads the library of the
# sanitizers into an ordinary interpreter, and PYTHONMALLOC makes it allocate each object separately. The interpreter does not
# free all objects at its end, so leaks are not detected.
PYTHON_SANITIZED = $(addprefix $(srcdir)/python/tests/,test_attacks.py test_core_*.py test_fork.py test_hostile.py test_save*.py test_threads.py)
# A child of a fork may inherit the lock of AddressSanitizer's allocator, which another thread held.
PYTHON_SANITIZED += --deselect=tests/test_fork.py::test_fork_while_threads_read
check-python-sanitized: all python venv-python/.done
	@preload="`$(CC) -print-file-name=libasan.so` `$(CC) -print-file-name=libstdc++.so`" && \
	PYTHONPATH='$(abs_builddir)/python/site' PYTHONDONTWRITEBYTECODE=1 PYTHONMALLOC=malloc \
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 $(srcdir)/tests/logged checks/python-sanitized.log ./run \
	  env LD_PRELOAD="$$preload" venv-python/bin/python -m pytest -q -p no:cacheprovider -c $(srcdir)/python/pyproject.toml \
	  $(PYTHON_SANITIZED) $(PYTEST_FLAGS)

# ---- in a wheel ------------------------------------------------------------------------------------------------------
# The files in PYTHON_TO find each other by relative paths. DT_RPATH, unlike DT_RUNPATH, has priority over LD_LIBRARY_PATH.
PYTHON_TO = python/package
PYTHON_SUFFIX = .abi3.so
PYTHON_ORIGIN = -Wl,--disable-new-dtags,-rpath,'$$ORIGIN

python-package: libtenon.la $(plugin_LTLIBRARIES) $(bin_PROGRAMS) $(PYTHON_OBJECTS)
	@to='$(PYTHON_TO)' && rm -rf "$$to/lib" "$$to/bin" "$$to/include" && \
	$(MKDIR_P) "$$to/lib/tenon/plugins-$(TENON_ABI_MAJOR)" "$$to/bin" "$$to/include/tenon" && \
	soname=`sed -n "s/^dlname='\(.*\)'/\1/p" libtenon.la` && \
	$(INSTALL_PROGRAM) .libs/$$soname "$$to/lib/$$soname" && $(STRIP) --strip-unneeded "$$to/lib/$$soname" && \
	for plugin in $(plugin_LTLIBRARIES); do \
	  plugin=$${plugin##*/} && plugin=$${plugin%.la}$(MODULE_SUFFIX) && \
	  $(INSTALL_PROGRAM) plugins/.libs/$$plugin "$$to/lib/tenon/plugins-$(TENON_ABI_MAJOR)" && \
	  $(STRIP) --strip-unneeded "$$to/lib/tenon/plugins-$(TENON_ABI_MAJOR)/$$plugin" || exit 1; \
	done; \
	{ test -z '$(bin_PROGRAMS)' || { \
	  $(CC) $(AM_CFLAGS) $(CFLAGS) $(AM_LDFLAGS) $(LDFLAGS) -o "$$to/bin/tenon" $(tools_tenon_OBJECTS) -L.libs -ltenon \
	    $(JSON_C_LIBS) $(NETTLE_LIBS) $(LIBM) $(PYTHON_ORIGIN)/../lib' && $(STRIP) "$$to/bin/tenon"; }; } && \
	for header in $(tenoninclude_HEADERS); do $(INSTALL_DATA) $(srcdir)/$$header "$$to/include/tenon" || exit 1; done && \
	$(PYTHON_LINK) -o "$$to/_core$(PYTHON_SUFFIX)" $(PYTHON_OBJECTS) -ltenon $(PYTHON_ORIGIN)/lib' && \
	$(STRIP) --strip-unneeded "$$to/_core$(PYTHON_SUFFIX)"

# ---- wheels ----------------------------------------------------------------------------------------------------------
venv-wheel/.done: venv/.done python/wheel-requirements.txt
	$(SHELL) $(srcdir)/build-aux/python-venv venv-wheel $(srcdir)/python/wheel-requirements.txt
	echo '$(abs_builddir)'/venv/lib/python*/site-packages >`echo venv-wheel/lib/python*/site-packages`/peers.pth
	@touch $@

# An sdist; a wheel, compiled from the sdist; and that wheel with all libraries in it.
PYTHON_BUILD = '$(abs_builddir)/venv-wheel/bin/python' -m build --no-isolation
wheel: venv-wheel/.done
	rm -rf python/dist python/unpacked python/wheelhouse && $(MKDIR_P) python/dist python/unpacked
	TENON_BUILD_DIR='$(abs_builddir)' $(PYTHON_BUILD) --sdist --outdir python/dist $(srcdir)/python
	tar -x -f python/dist/tenon-*.tar.gz -C python/unpacked
	env -u TENON_BUILD_DIR $(PYTHON_BUILD) --wheel --outdir python/wheelhouse python/unpacked/tenon-*
	PATH='$(abs_builddir)'/venv-wheel/bin:$$PATH auditwheel repair --wheel-dir python/dist python/wheelhouse/tenon-*.whl
	venv-wheel/bin/python $(srcdir)/build-aux/python-licences "`echo python/dist/tenon-*.whl`"
	rm -rf python/unpacked python/wheelhouse
	@$(srcdir)/tests/logged checks/wheel.log venv-wheel/bin/python $(srcdir)/build-aux/python-audit python/dist/tenon-*.whl

# The installed package: a wheel of this build, in a virtual environment.
python/venv/.done: libtenon.la $(plugin_LTLIBRARIES) $(bin_PROGRAMS) $(PYTHON_MODULES) python/setup.py python/pyproject.toml \
  venv-python/.done venv-wheel/.done $(wildcard $(srcdir)/python/ext/*.[ch]) | python
	rm -rf python/venv python/wheelhouse
	TENON_BUILD_DIR='$(abs_builddir)' venv-wheel/bin/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-index \
	  --no-build-isolation --wheel-dir python/wheelhouse $(srcdir)/python
	venv-python/bin/python -m venv --without-pip python/venv
	packages=`echo python/venv/lib/python*/site-packages` && \
	echo '$(abs_builddir)'/venv-python/lib/python*/site-packages >$$packages/peers.pth && \
	cat venv-python/lib/python*/site-packages/peers.pth >>$$packages/peers.pth
	python/venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-index python/wheelhouse/tenon-*.whl
	@touch $@

# No variable of the build tree is set, except for the test plugins: see run.in.
PYTHON_INSTALLED = env -u LD_LIBRARY_PATH -u DYLD_LIBRARY_PATH -u TENON_PLUGIN_PATH \
	TENON="`echo '$(abs_builddir)'/python/venv/lib/python*/site-packages/tenon/bin/tenon`" TENON_INSTALLED='$(abs_builddir)/python/venv'
check-wheel: all python/venv/.done $(python_test_plugins)
	@PYTHONDONTWRITEBYTECODE=1 $(srcdir)/tests/logged checks/python.log ./run $(PYTHON_INSTALLED) \
	  python/venv/bin/python -X dev -m pytest -q -p no:cacheprovider -c $(srcdir)/python/pyproject.toml $(srcdir)/python/tests \
	  --ignore=$(srcdir)/python/tests/frameworks $(PYTEST_FLAGS)

# The wheel of `make wheel` under each CPython from 3.10 on that is found: with the newest NumPy that it takes, and under 3.10 with the
# oldest that has what the tests use. (The package works with 1.22.)
PYTHONS = $(shell for minor in 10 11 12 13 14 15; do \
  for python in python3.$$minor "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.$$minor.*/bin/python; do \
    if "$$python" -c 'import sys, venv, ensurepip; sys.exit (sys.version_info[1] != '$$minor')' 2>/dev/null; then echo "$$python"; break; fi; \
  done; done)
check-pythons:
	@failed=; for python in $(PYTHONS); do \
	  $(srcdir)/tests/logged checks/python-`$$python -c 'import sys; print ("%d.%d" % sys.version_info[:2])'`.log ./run \
	    $(SHELL) $(srcdir)/build-aux/python-try $$python python/dist/tenon-*.whl $(abs_top_srcdir)/python || failed=yes; \
	done; test -z "$$failed"
if DLOPEN
python_test_plugins = tests/abi/plugins/toyraw.la
endif

clean-python:
	rm -rf python/objects python/site python/package python/venv python/wheelhouse python/unpacked python/dist python/flags
.PHONY: python check-python check-python-sanitized python-package wheel check-wheel check-pythons clean-python
