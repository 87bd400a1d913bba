# SPDX-License-Identifier: MIT
# The tenon command: an application like any other, which sees only the public headers.
if COMMAND
bin_PROGRAMS += tools/tenon
endif
tools_tenon_SOURCES = \
	tools/casts.c \
	tools/casts.h \
	tools/check/boxes.c \
	tools/check/boxes.h \
	tools/check/canon.c \
	tools/check/canon.h \
	tools/check/catalog.c \
	tools/check/catalog.h \
	tools/check/check.h \
	tools/check/child.c \
	tools/check/child.h \
	tools/check/coder.c \
	tools/check/coder.h \
	tools/check/context.c \
	tools/check/copies.c \
	tools/check/copies.h \
	tools/check/damage.c \
	tools/check/damage.h \
	tools/check/elf_file.c \
	tools/check/elf_file.h \
	tools/check/find.c \
	tools/check/find.h \
	tools/check/finding.c \
	tools/check/finding.h \
	tools/check/inbox.c \
	tools/check/inbox.h \
	tools/check/leaks.c \
	tools/check/leaks.h \
	tools/check/making.c \
	tools/check/making.h \
	tools/check/making_list.c \
	tools/check/orphans.c \
	tools/check/orphans.h \
	tools/check/process.c \
	tools/check/process.h \
	tools/check/reading.c \
	tools/check/reading.h \
	tools/check/record.c \
	tools/check/record.h \
	tools/check/record_same.c \
	tools/check/regions.c \
	tools/check/regions.h \
	tools/check/results.c \
	tools/check/results.h \
	tools/check/round.c \
	tools/check/round.h \
	tools/check/rules.h \
	tools/check/step_damage.c \
	tools/check/samples.c \
	tools/check/samples.h \
	tools/check/segment.c \
	tools/check/segment.h \
	tools/check/step_archives.c \
	tools/check/step_dtypes.c \
	tools/check/step_exports.c \
	tools/check/step_fails.c \
	tools/check/step_filters.c \
	tools/check/step_fuzz.c \
	tools/check/step_growth.c \
	tools/check/step_loads.c \
	tools/check/step_memory.c \
	tools/check/step_nesting.c \
	tools/check/step_options.c \
	tools/check/step_others.c \
	tools/check/step_probe.c \
	tools/check/step_purity.c \
	tools/check/step_regions.c \
	tools/check/step_round.c \
	tools/check/step_samples.c \
	tools/check/step_state.c \
	tools/check/step_tables.c \
	tools/check/step_threads.c \
	tools/check/steps.c \
	tools/check/target.c \
	tools/check/target.h \
	tools/check/tally.c \
	tools/check/tally.h \
	tools/check/tell.c \
	tools/check/tell.h \
	tools/check/work.c \
	tools/check/work.h \
	tools/cmd_cat.c \
	tools/cmd_check_plugin.c \
	tools/cmd_complete.c \
	tools/cmd_config.c \
	tools/cmd_convert.c \
	tools/cmd_formats.c \
	tools/cmd_hash.c \
	tools/cmd_help.c \
	tools/cmd_ls.c \
	tools/cmd_new_plugin.c \
	tools/cmd_verify.c \
	tools/cmd_why.c \
	tools/codecs.c \
	tools/codecs.h \
	tools/command.c \
	tools/command.h \
	tools/common.h \
	tools/dates.c \
	tools/dates.h \
	tools/digest.c \
	tools/digest.h \
	tools/edits.c \
	tools/edits.h \
	tools/fields.c \
	tools/fields.h \
	tools/files.c \
	tools/finite.c \
	tools/finite.h \
	tools/files.h \
	tools/formats_json.c \
	tools/formats_json.h \
	tools/given.c \
	tools/given.h \
	tools/globs.c \
	tools/globs.h \
	tools/item_edits.c \
	tools/item_edits.h \
	tools/item_text.c \
	tools/item_text.h \
	tools/items.c \
	tools/items.h \
	tools/json.c \
	tools/json.h \
	tools/library.c \
	tools/library.h \
	tools/line.c \
	tools/line.h \
	tools/main.c \
	tools/memory.c \
	tools/memory.h \
	tools/message.c \
	tools/message.h \
	tools/missing.c \
	tools/missing.h \
	tools/nearest.c \
	tools/nearest.h \
	tools/number.c \
	tools/number.h \
	tools/offers.c \
	tools/offers.h \
	tools/offers_file.c \
	tools/offers_kinds.c \
	tools/options.c \
	tools/options.h \
	tools/output.c \
	tools/output.h \
	tools/pick.c \
	tools/pick.h \
	tools/pins.c \
	tools/pins.h \
	tools/progress.c \
	tools/progress.h \
	tools/renames.c \
	tools/renames.h \
	tools/report.c \
	tools/report.h \
	tools/scaffold/expand.c \
	tools/scaffold/expand.h \
	tools/scaffold/project.c \
	tools/scaffold/project.h \
	tools/scaffold/templates.h \
	tools/scaffold/write.c \
	tools/signals.c \
	tools/signals.h \
	tools/slice.c \
	tools/slice.h \
	tools/small.c \
	tools/small.h \
	tools/table.c \
	tools/table.h \
	tools/terminal.c \
	tools/terminal.h \
	tools/text.c \
	tools/text.h \
	tools/tool.c \
	tools/tool.h \
	tools/value.c \
	tools/value.h \
	tools/verdicts.c \
	tools/verdicts.h \
	tools/width.c \
	tools/width.h
nodist_tools_tenon_SOURCES = tools/scaffold/templates.c
tools_tenon_CPPFLAGS = $(PUBLIC_CPPFLAGS) -iquote $(srcdir)/tools -D_GNU_SOURCE= -DTENON_PKGCONFIGDIR='"$(pkgconfigdir)"' $(JSON_C_CFLAGS) $(NETTLE_CFLAGS)
tools_tenon_LDADD = libtenon.la $(JSON_C_LIBS) $(NETTLE_LIBS) $(LIBM)

# What tenon new-plugin makes is built into it.
SCAFFOLD_TEMPLATES = \
	tools/scaffold/templates/README.md.in \
	tools/scaffold/templates/archive-arrays.hex \
	tools/scaffold/templates/archive.c.in \
	tools/scaffold/templates/archive.h.in \
	tools/scaffold/templates/build.mk.in \
	tools/scaffold/templates/codec-empty.hex \
	tools/scaffold/templates/codec-numbers.hex \
	tools/scaffold/templates/codec.c.in \
	tools/scaffold/templates/dotgitignore.in \
	tools/scaffold/templates/dtype-blocks.hex \
	tools/scaffold/templates/dtype.c.in \
	tools/scaffold/templates/dtype.h.in \
	tools/scaffold/templates/filter-runs.hex \
	tools/scaffold/templates/filter.c.in \
	tools/scaffold/templates/filter.h.in \
	tools/scaffold/templates/filtered.c.in \
	tools/scaffold/templates/fuzz.c.in \
	tools/scaffold/templates/install-user.sh.in \
	tools/scaffold/templates/keyed.c.in \
	tools/scaffold/templates/meson.build.in \
	tools/scaffold/templates/page.7.in \
	tools/scaffold/templates/tenon.ini.in \
	tools/scaffold/templates/test.sh.in
EXTRA_DIST += $(SCAFFOLD_TEMPLATES)
tools/scaffold/templates.c: $(SCAFFOLD_TEMPLATES) build-aux/templates.awk
	@$(MKDIR_P) tools/scaffold
	$(AM_V_GEN)files=; for file in $(SCAFFOLD_TEMPLATES); do files="$$files $(srcdir)/$$file"; done; \
	LC_ALL=C $(AWK) -f $(srcdir)/build-aux/templates.awk $$files >$@.new && mv -f $@.new $@
CLEANFILES += tools/scaffold/templates.c

# Completion of shells: configure's --with-bash-completion-dir and so on.
COMPLETION = tools/completion/tenon.bash tools/completion/_tenon tools/completion/tenon.fish
EXTRA_DIST += $(COMPLETION)
if COMMAND
if BASH_COMPLETION
bashcompletiondir = @BASH_COMPLETION_DIR@
install-completion-bash: tools/completion/tenon.bash
	$(MKDIR_P) "$(DESTDIR)$(bashcompletiondir)"
	$(INSTALL_DATA) $(srcdir)/tools/completion/tenon.bash "$(DESTDIR)$(bashcompletiondir)/tenon"
uninstall-completion-bash:
	rm -f "$(DESTDIR)$(bashcompletiondir)/tenon"
install-completion: install-completion-bash
uninstall-completion: uninstall-completion-bash
endif
if ZSH_COMPLETION
zshcompletiondir = @ZSH_COMPLETION_DIR@
dist_zshcompletion_DATA = tools/completion/_tenon
endif
if FISH_COMPLETION
fishcompletiondir = @FISH_COMPLETION_DIR@
dist_fishcompletion_DATA = tools/completion/tenon.fish
endif
endif
install-completion uninstall-completion:

.PHONY: install-completion uninstall-completion install-completion-bash uninstall-completion-bash
