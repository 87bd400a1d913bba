/* SPDX-License-Identifier: MIT */
/* isolated_locate.h - locators in an isolated child. */
#ifndef TN_ISOLATED_LOCATE_H
#define TN_ISOLATED_LOCATE_H
#include "codec/session.h"

/* The orders TN_ORDER_LOCATE and TN_ORDER_FORGET. */
void tn_isolated_locate (struct tn_session *session);
void tn_isolated_forget (struct tn_session *session);

#endif
