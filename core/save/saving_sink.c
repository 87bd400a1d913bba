/* SPDX-License-Identifier: MIT */
/* saving_sink.c - saves to a descriptor, to memory, or to the program's own functions: targets without a
 * name, and without files beside them. */
#include "save/saving.h"

/* The name that chooses codec and archive. A format with a dot, "tree.zip", stands for a name that ends in
 * it: a codec of folders, and the archive that holds its keys. */
static tenon_status
name_nowhere (struct tn_saving *saving, const char *name, char **given)
{
    const char *format = saving->options.format;
    if (!strchr (format, '.'))
        *given = tn_strndup (name, strlen (name));
    else
        *given = tn_concat (name, ".", format, (char *) NULL);
    if (!*given)
        return tn_fail_memory (saving->error);
    if (strchr (format, '.'))
        saving->options.format = NULL;
    return TENON_OK;
}

static tenon_status
check_nowhere (const struct tn_saving *saving)
{
    if (saving->options.flags & TENON_SAVE_APPEND)
        return tn_fail (saving->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to a descriptor, memory or an output; save to a file");
    if (!saving->options.format)
        return tn_fail (saving->error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "saving to a descriptor, memory or an output needs the name of a format");
    return TENON_OK;
}

tenon_status
tn_saving_to_sink (struct tn_saving *saving, const char *name, struct tn_sink *sink,
                   const tenon_progress *progress)
{
    TN_FREE char *given = NULL;
    struct tn_sink null;
    bool dry = saving->options.flags & TENON_SAVE_DRY_RUN;
    TN_TRY (check_nowhere (saving));
    saving->options.flags |= TENON_SAVE_EXACT_NAME;
    TN_TRY (name_nowhere (saving, name ? name : "-", &given));
    TN_TRY (tn_saving_choose (saving, given));
    struct tn_writer writer = { .sink = dry ? &null : sink, .one_file = true, .dry = dry };
    tn_sink_null_init (&null);
    null.seekable = sink->seekable;
    return tn_saving_run (saving, &writer, progress);
}
