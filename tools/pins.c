/* SPDX-License-Identifier: MIT */
/* pins.c - the SHA-256 of the files of plugins. */
#include "pins.h"
#include "memory.h"
#include "message.h"
#include "report.h"
#include <errno.h>
#include <nettle/sha2.h>
#include <sys/stat.h>

char *
pins_digest (const char *path)
{
    struct stat status; /* of a FIFO the end may never come */
    FILE *file = stat (path, &status) == 0 && S_ISREG (status.st_mode) ? fopen (path, "rbe") : NULL;
    unsigned char bytes[2048], digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx sum;
    sha256_init (&sum);
    if (!file)
        return NULL;
    for (size_t got; (got = fread (bytes, 1, sizeof bytes, file)) > 0;)
        sha256_update (&sum, got, bytes);
    bool whole = !ferror (file);
    fclose (file);
    if (!whole)
        return NULL;
    sha256_digest (&sum, sizeof digest, digest);
    char *text = get_memory (NULL, 2 * sizeof digest + 1, 1);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf (text + 2 * i, "%02x", digest[i]);
    return text;
}

static bool
has_pin (const tenon_context *context, const char *name)
{
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        if (tenon_config_get (context, i, &entry) == TENON_OK && strcmp (entry.key, "sha256") == 0
            && strncmp (entry.section, "plugin ", 7) == 0 && strcmp (entry.section + 7, name) == 0)
            return entry.value[0] != 0;
    }
    return false;
}

void
pins_add_json (json_object *plugin, const tenon_context *context, const char *name, const char *file)
{
    CLEAN (text) char *digest = *file ? pins_digest (file) : NULL;
    json_add_text (plugin, "sha256", digest);
    json_add_flag (plugin, "pinned", has_pin (context, name));
}

bool
pins_print (const tenon_context *context)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (tenon_context_report (context), TENON_VERDICT, &i, &entry);) {
        if (!entry.chosen || !*entry.file)
            continue;
        CLEAN (text) char *digest = pins_digest (entry.file);
        if (!digest)
            return complain ("%s: %s", entry.file, strerror (errno)), false;
        printf ("[plugin %s]\nsha256 = %s\n", entry.subject, digest);
    }
    return true;
}
