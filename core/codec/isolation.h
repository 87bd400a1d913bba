/* SPDX-License-Identifier: MIT */
/* isolation.h - describes files in isolated children: the program's side. */
#ifndef TN_ISOLATION_H
#define TN_ISOLATION_H
#include "codec/session.h"

/* Before the session recognises or describes a root, source 0 of its catalog: starts the child that will do
 * it, unless the context isolates nothing, or the source has a child already. `settings`: those of the open;
 * NULL: none. */
tenon_status tn_isolation_begin (struct tn_session *session, struct tn_source *root,
                                 const char *const *settings);
/* When the session ends: ends the child, too, unless tensors of the catalog are still read in it. */
void tn_isolation_end (struct tn_session *session, struct tn_source *root);

#endif
