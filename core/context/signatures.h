/* SPDX-License-Identifier: MIT */
/* signatures.h - what a file is that no codec reads, by the bytes that it begins with.
 *
 * The table is data: conf/signatures.ini, which is built into the library, and the sections [signature NAME]
 * of the configuration, which add to it. tenon.ini(5) documents the keys. */
#ifndef TN_SIGNATURES_H
#define TN_SIGNATURES_H
#include "context/context.h"

/* So many bytes of a file are looked at. */
#define TN_SIGNATURE_HEAD 4096u

/* The built-in table: the text of conf/signatures.ini (build-aux/signatures). */
extern const uint8_t tn_signatures_text[];
extern const size_t tn_signatures_size;

/* What was found. Its texts live as long as the context. */
struct tn_signature {
    const char *name;       /* "a PDF file" */
    const char *advice;     /* NULL: none */
    const char *plugin;     /* the plugin that reads such files; NULL: none is known */
    const char *extensions; /* of names that it does not contradict, blanks between; NULL: none */
    uint32_t evidence;      /* bytes that match */
    uint64_t text;          /* where its text begins, after blanks; UINT64_MAX: it is no text */
};
/* The signature that fits the first bytes of a file best: with the most bytes. False: none fits. May be
 * called from any thread. */
bool tn_signature_find (tenon_context *context, const uint8_t *head, uint64_t length,
                        struct tn_signature *found);

/* Checks the sections of the configuration. A wrong one is not used, and a note says so; a wrong setting of
 * the program is an error. */
tenon_status tn_signatures_check (tenon_context *context, tenon_error *error);
/* Checks one entry of such a section. */
tenon_status tn_signature_check_entry (const struct tn_entry *entry, tenon_error *error);

/* The place of the table in a context. NULL: no memory. */
struct tn_signature_table *tn_signature_table_new (void);
void tn_signature_table_free (struct tn_signature_table *table);
/* Takes the entries of the configuration. */
struct tn_settings *tn_signature_settings (struct tn_signature_table *table);

#endif
