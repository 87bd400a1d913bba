# SPDX-License-Identifier: MIT
# The examples are no part of the build: they stand for what others write, and are compiled against an installed tenon
# (make installcheck, tests/installcheck.sh).
installcheck-run:
	@CC='$(CC)' CXX='$(CXX)' FLAGS='$(SANITIZER_CFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' TENON_SRCDIR='$(abs_srcdir)' \
	  pkgconfigdir='$(pkgconfigdir)' bindir='$(bindir)' libdir='$(libdir)' TENON_DLOPEN='$(USE_DLOPEN)' NM='$(NM_TOOL)' \
	  prefix='$(prefix)' sysconfdir='$(sysconfdir)' MAKE='$(MAKE)' TENON_BUILDDIR='$(abs_builddir)' \
	  $(srcdir)/tests/logged checks/installcheck.log $(SHELL) $(srcdir)/tests/installcheck.sh

.PHONY: installcheck-run
