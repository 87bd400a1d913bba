/* SPDX-License-Identifier: MIT */
/* scripts.c - files of the codec toyscript. */
#include "scripts.h"

void
isolate_plugins (const char *plugins, int isolates)
{
    kit_plugins (plugins, NULL);
    if (!isolates)
        return;
    setenv ("KIT_ISOLATE", "1", 1);
    if (kit_context (NULL) == TENON_OK)
        return;
    unsetenv ("KIT_ISOLATE");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
}

tenon_file *
open_script (const char *lines)
{
    struct bytes file = { .size = 0 };
    kit_text (&file, "TOYSCRIPT\n");
    kit_text (&file, lines);
    kit_text (&file, "end\n");
    kit_pad (&file, 512);
    for (unsigned i = 0; i < 64; i++)
        kit_le (&file, i, 1);
    kit_file ("f.toyscript", &file);
    return kit_open ("f.toyscript", NULL, NULL);
}

void
is_noted (const tenon_report *report, const char *tensor, tenon_status status, const char *why)
{
    tenon_report_entry entry;
    KIT_INIT (entry);
    for (uint64_t i = 0; tenon_report_get (report, i, &entry) == TENON_OK; i++)
        if (entry.kind == TENON_NOTE && entry.chosen == 1 && strcmp (entry.subject, tensor) == 0) {
            ck_assert_int_eq (entry.status, status);
            ck_assert_msg (strncmp (entry.message, why, strlen (why)) == 0, "%s: %s", tensor, entry.message);
            return;
        }
    ck_abort_msg ("no note that '%s' cannot be read", tensor);
}

void
save_parts (const char *const *parts, unsigned flags, const char *lines)
{
    struct bytes file = { .size = 0 }, data = { .size = 0 };
    char text[200];
    kit_text (&file, "TOYSCRIPT\n");
    for (; *parts; parts += 2) {
        const char *head = strncmp (parts[1], "raw ", 4) == 0 ? "" : "TOYSCRIPT\n";
        size_t begin = data.size;
        kit_text (&data, head);
        kit_text (&data, parts[1]);
        kit_text (&data, *head ? "end\nABCD" : "");
        snprintf (text, sizeof text, "part %zu %zu %s\ninclude - %u\n", 2048 + begin, data.size - begin,
                  parts[0], flags);
        kit_text (&file, text);
    }
    kit_text (&file, lines);
    kit_text (&file, "end\n");
    kit_pad (&file, 2048);
    kit_put (&file, data.data, data.size);
    kit_file ("f.toyscript", &file);
}
