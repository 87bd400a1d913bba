/* SPDX-License-Identifier: MIT */
/* folder.h - for the tests of the configuration: a folder that stands in for the user's, and contexts that
 * read it. */
#ifndef FOLDER_H
#define FOLDER_H
#include "context/context.h"
#include "context/settings_ini.h"
#include "context/settings_read.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static tenon_error error;
static struct tn_settings settings;
static char folder[64];

static inline void
set_up (void)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    strcpy (folder, "/tmp/tenon-settings-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    setenv ("XDG_CONFIG_HOME", folder, 1);
    unsetenv ("TENON_CONFIG");
    unsetenv ("TENON_PLUGIN_PATH");
}

static inline void
tear_down (void)
{
    char command[160];
    tn_settings_free (&settings);
    snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    ck_assert_int_eq (system (command), 0);
}

static inline void
fresh_error (void)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
}

/* Writes FOLDER/name, and makes the folders on its way. */
static inline char *
write_file (const char *name, const char *text)
{
    static char path[256];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen (folder) + 1; (slash = strchr (slash, '/')) != NULL; slash++) {
        *slash = 0;
        ck_assert (mkdir (path, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen (path, "w");
    ck_assert_ptr_nonnull (file);
    fputs (text, file);
    fclose (file);
    return path;
}

static inline tenon_status
parse_text (const char *text, size_t length)
{
    tn_settings_free (&settings);
    fresh_error ();
    return tn_settings_parse (&settings, "x.ini", text, length, &error);
}
#define PARSE(text) parse_text (text, sizeof (text) - 1)

static inline const char *
value_of (const char *section, const char *key)
{
    const struct tn_entry *entry = tn_settings_find (&settings, section, key);
    return entry ? entry->value : NULL;
}

/* A context of the files in the folder, and of these settings. */
static inline tenon_status
make_context (tenon_context **context, const char *const *words, uint32_t flags)
{
    tenon_context_options options = {
        .struct_size = sizeof options, .flags = flags, .settings = words, .origin = "test"
    };
    fresh_error ();
    return tenon_context_new (context, &options, &error);
}

static inline const char *
entry_of (const tenon_context *context, const char *section, const char *key, const char **from)
{
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        ck_assert_int_eq (tenon_config_get (context, i, &entry), TENON_OK);
        if (strcmp (entry.section, section) == 0 && strcmp (entry.key, key) == 0) {
            if (from)
                *from = entry.origin;
            return entry.value;
        }
    }
    return NULL;
}

#endif
