# SPDX-License-Identifier: MIT
# An administrator's changes are kept: an installed tenon.ini that differs stays, and the new one is installed beside it.
EXTRA_DIST += conf/tenon.ini

install-conf: conf/tenon.ini
	$(MKDIR_P) "$(DESTDIR)$(tenonconfdir)/conf.d"
	@ini="$(DESTDIR)$(tenonconfdir)/tenon.ini"; \
	if test ! -e "$$ini" || cmp -s $(srcdir)/conf/tenon.ini "$$ini"; then \
	  rm -f "$$ini.default"; \
	else \
	  echo "$$ini was changed: it stays, and the new one is installed as $$ini.default"; \
	  ini="$$ini.default"; \
	fi; \
	echo "$(INSTALL_DATA) $(srcdir)/conf/tenon.ini $$ini"; \
	$(INSTALL_DATA) $(srcdir)/conf/tenon.ini "$$ini"

uninstall-conf:
	@ini="$(DESTDIR)$(tenonconfdir)/tenon.ini"; rm -f "$$ini.default"; \
	if test ! -e "$$ini"; then :; \
	elif cmp -s $(srcdir)/conf/tenon.ini "$$ini"; then rm -f "$$ini"; \
	else echo "$$ini was changed: it stays"; fi
	@rmdir "$(DESTDIR)$(tenonconfdir)/conf.d" "$(DESTDIR)$(tenonconfdir)" 2>/dev/null || :

.PHONY: install-conf uninstall-conf
