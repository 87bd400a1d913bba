# SPDX-License-Identifier: MIT
# The examples are no part of the build: they stand for what others write, and are compiled against an installed tenon
# (make installcheck, tests/installcheck.sh). `make install` puts them into docdir.
exampledir = $(docdir)
nobase_dist_example_DATA = \
	examples/bzip2/Makefile \
	examples/bzip2/README.md \
	examples/bzip2/bzip2.c \
	examples/embed.c \
	examples/idx/Makefile \
	examples/idx/README.md \
	examples/idx/idx.c \
	examples/nrrd/Makefile \
	examples/nrrd/README.md \
	examples/nrrd/nrrd.c \
	examples/nrrd/test.sh \
	examples/zstd/Makefile \
	examples/zstd/README.md \
	examples/zstd/zstd.c
# A copy of the guide lies beside them.
dist_doc_DATA += docs/tenon-plugin.3

installcheck-run:
	@CC='$(CC)' CXX='$(CXX)' FLAGS='$(SANITIZER_CFLAGS)' PKG_CONFIG='$(PKG_CONFIG)' TENON_SRCDIR='$(abs_srcdir)' \
	  pkgconfigdir='$(pkgconfigdir)' bindir='$(bindir)' libdir='$(libdir)' TENON_DLOPEN='$(USE_DLOPEN)' NM='$(NM_TOOL)' \
	  prefix='$(prefix)' sysconfdir='$(sysconfdir)' MAKE='$(MAKE)' TENON_BUILDDIR='$(abs_builddir)' \
	  $(srcdir)/tests/logged checks/installcheck.log $(SHELL) $(srcdir)/tests/installcheck.sh

.PHONY: installcheck-run
