# SPDX-License-Identifier: MIT
# The tenon command: an application like any other, so only the public headers are in sight.
bin_PROGRAMS += tools/tenon
tools_tenon_SOURCES = \
	tools/cat.c \
	tools/common.c \
	tools/config.c \
	tools/convert.c \
	tools/digest.c \
	tools/formats.c \
	tools/formats.h \
	tools/formats_json.c \
	tools/globs.c \
	tools/casts.c \
	tools/hash.c \
	tools/hash.h \
	tools/help.c \
	tools/items.c \
	tools/items.h \
	tools/json.c \
	tools/json.h \
	tools/ls.c \
	tools/main.c \
	tools/memory.c \
	tools/metadata.c \
	tools/nearest.c \
	tools/number.c \
	tools/options.c \
	tools/progress.c \
	tools/signals.c \
	tools/slice.c \
	tools/slice.h \
	tools/small.c \
	tools/small.h \
	tools/table.c \
	tools/terminal.c \
	tools/tool.h \
	tools/value.c \
	tools/verdicts.c \
	tools/verdicts.h \
	tools/verify.c \
	tools/why.c
tools_tenon_CPPFLAGS = $(PUBLIC_CPPFLAGS) -D_GNU_SOURCE= $(JSON_C_CFLAGS) $(NETTLE_CFLAGS)
tools_tenon_LDADD = libtenon.la $(JSON_C_LIBS) $(NETTLE_LIBS) $(LIBM)

install-completion: tools/completion/tenon.bash
	$(MKDIR_P) "$(DESTDIR)$(completiondir)"
	$(INSTALL_DATA) $(srcdir)/tools/completion/tenon.bash "$(DESTDIR)$(completiondir)/tenon"
uninstall-completion:
	rm -f "$(DESTDIR)$(completiondir)/tenon"
completiondir = $(datadir)/bash-completion/completions
EXTRA_DIST += tools/completion/tenon.bash

.PHONY: install-completion uninstall-completion
