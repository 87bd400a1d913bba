# SPDX-License-Identifier: MIT
# An administrator's changes are kept: an installed file that differs stays, and the new one is installed beside it.
CONFIGURATIONS = tenon.ini signatures.ini
EXTRA_DIST += conf/tenon.ini conf/signatures.ini

# The table of signatures, which is built into the library, too.
conf/signatures.c: conf/signatures.ini build-aux/signatures
	@$(MKDIR_P) conf
	$(AM_V_GEN)$(SHELL) $(srcdir)/build-aux/signatures $(srcdir)/conf/signatures.ini >$@.new && mv -f $@.new $@
CLEANFILES += conf/signatures.c

install-conf: conf/tenon.ini conf/signatures.ini
	$(MKDIR_P) "$(DESTDIR)$(tenonconfdir)/conf.d"
	@for name in $(CONFIGURATIONS); do \
	  ini="$(DESTDIR)$(tenonconfdir)/$$name"; \
	  if test ! -e "$$ini" || cmp -s "$(srcdir)/conf/$$name" "$$ini"; then \
	    rm -f "$$ini.default"; \
	  else \
	    echo "$$ini was changed: it stays, and the new one is installed as $$ini.default"; \
	    ini="$$ini.default"; \
	  fi; \
	  echo "$(INSTALL_DATA) $(srcdir)/conf/$$name $$ini"; \
	  $(INSTALL_DATA) "$(srcdir)/conf/$$name" "$$ini" || exit 1; \
	done

uninstall-conf:
	@for name in $(CONFIGURATIONS); do \
	  ini="$(DESTDIR)$(tenonconfdir)/$$name"; rm -f "$$ini.default"; \
	  if test ! -e "$$ini"; then :; \
	  elif cmp -s "$(srcdir)/conf/$$name" "$$ini"; then rm -f "$$ini"; \
	  else echo "$$ini was changed: it stays"; fi; \
	done
	@rmdir "$(DESTDIR)$(tenonconfdir)/conf.d" "$(DESTDIR)$(tenonconfdir)" 2>/dev/null || :

.PHONY: install-conf uninstall-conf
