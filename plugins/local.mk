# SPDX-License-Identifier: MIT
# A plugin is a folder with a local.mk like that of npy, a line here, and its name in configure.ac.
include plugins/deflate/local.mk
include plugins/npy/local.mk
include plugins/zip/local.mk
include plugins/npz/local.mk
include plugins/safetensors/local.mk
include plugins/gguf/local.mk
include plugins/pt/local.mk
include plugins/zarr/local.mk
include plugins/zstd/local.mk
include plugins/lz4/local.mk
include plugins/blosc/local.mk
include plugins/bzip2/local.mk
include plugins/xz/local.mk
include plugins/shuffle/local.mk
include plugins/crc32c/local.mk
include plugins/delta/local.mk

# Modules: one symbol each, nothing left open, and only the public headers in sight.
PLUGIN_CPPFLAGS = $(PUBLIC_CPPFLAGS)
MODULE_LDFLAGS = $(AM_LDFLAGS) $(DEFS_LDFLAGS) -module -avoid-version -shared -no-undefined \
	-export-symbols-regex '^tenon_plugin_v$(TENON_ABI_MAJOR)$$'

# The table of the plugins that are linked into libtenon (--with-builtin-plugins).
plugins/builtin.c: build-aux/builtin-plugins Makefile
	@$(MKDIR_P) plugins
	$(AM_V_GEN)$(SHELL) $(srcdir)/build-aux/builtin-plugins $(BUILTIN_PLUGINS) >$@.new && mv -f $@.new $@
CLEANFILES += plugins/builtin.c

# Nobody links with a plugin: its .la file would only lie in the way.
install-plugins-hook:
	@list='$(plugin_LTLIBRARIES)'; for plugin in $$list; do rm -f "$(DESTDIR)$(plugindir)/$${plugin##*/}"; done
uninstall-plugins-hook:
	@list='$(plugin_LTLIBRARIES)'; for plugin in $$list; do plugin=$${plugin##*/}; \
	  rm -f "$(DESTDIR)$(plugindir)/$${plugin%.la}$(MODULE_SUFFIX)"; done
