/* test_settings.c - the configuration: ini files, the order of places, what is unknown. */
#include "context.h"
#include "settings.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static tenon_error error;
static struct tn_settings settings;
static char folder[64];

static void
setup (void)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    strcpy (folder, "/tmp/tenon-settings-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    setenv ("XDG_CONFIG_HOME", folder, 1);
    unsetenv ("TENON_CONFIG");
    unsetenv ("TENON_PLUGIN_PATH");
}

static void
teardown (void)
{
    char command[160];
    tn_settings_free (&settings);
    snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    ck_assert_int_eq (system (command), 0);
}

static void
fresh_error (void)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
}

/* Writes FOLDER/name, and the folders that it lies in. */
static char *
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

static tenon_status
parse (const char *text, size_t length)
{
    tn_settings_free (&settings);
    fresh_error ();
    return tn_settings_parse (&settings, "x.ini", text, length, &error);
}
#define PARSE(text) parse (text, sizeof (text) - 1)

static const char *
value (const char *section, const char *key)
{
    const struct tn_entry *entry = tn_settings_find (&settings, section, key);
    return entry ? entry->value : NULL;
}

static const char *
origin (const char *section, const char *key)
{
    const struct tn_entry *entry = tn_settings_find (&settings, section, key);
    return entry ? entry->origin : NULL;
}

#define WRONG(text, words)                                                                                   \
    do {                                                                                                     \
        ck_assert_int_eq (PARSE (text), TENON_E_CONFIG);                                                     \
        ck_assert_str_eq (error.message, words);                                                             \
    } while (0)

/* A context of what is in the folder, and of these settings. */
static tenon_status
make (tenon_context **context, const char *const *words, uint32_t flags)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = flags, .settings = words, .origin = "test" };
    fresh_error ();
    return tenon_context_new (context, &options, &error);
}

static const char *
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

/* ---- ini files ---- */

START_TEST (plain_file)
{
    ck_assert_int_eq (PARSE ("\xef\xbb\xbf# comment\n\n[core]\nthreads = 4\r\n  map: no \n\t; another\n[ codec   a ] ; words\nkey=a = b\nempty =\n"
                             "inline = x ; not this\nhash = x # this too"),
                      TENON_OK);
    ck_assert_str_eq (value ("core", "threads"), "4");
    ck_assert_str_eq (origin ("core", "threads"), "x.ini:4");
    ck_assert_str_eq (value ("core", "map"), "no");
    ck_assert_str_eq (origin ("core", "map"), "x.ini:5");
    ck_assert_str_eq (value ("codec a", "key"), "a = b");
    ck_assert_str_eq (value ("codec a", "empty"), "");
    ck_assert_str_eq (value ("codec a", "inline"), "x");
    ck_assert_str_eq (value ("codec a", "hash"), "x # this too");
    ck_assert_str_eq (origin ("codec a", "hash"), "x.ini:11");
    ck_assert_ptr_null (value ("core", "key"));
    ck_assert (PARSE ("") == TENON_OK && settings.count == 0);
    ck_assert (PARSE ("\n\n;\n") == TENON_OK && settings.count == 0);
}
END_TEST

START_TEST (later_lines_win)
{
    ck_assert_int_eq (PARSE ("[core]\nthreads=1\nplugin_path=/a\n[save]\n[core]\nthreads=2\nplugin_path=/b\n"), TENON_OK);
    ck_assert_str_eq (value ("core", "threads"), "2");
    ck_assert_str_eq (value ("core", "plugin_path"), "/b");
    for (uint64_t i = 0; i < settings.count; i++) /* the earlier ones are known as well; nobody asked for [save] */
        ck_assert_int_eq (settings.entries[i].known, strcmp (settings.entries[i].section, "save") != 0);
}
END_TEST

/* "[s]\nk = " and `size` bytes in all in the second line */
static void
long_line (char *text, size_t size, const char *end)
{
    strcpy (text, "[s]\nk = ");
    memset (text + 8, 'x', size - 4);
    strcpy (text + 4 + size, end);
}

START_TEST (what_would_be_cut)
{
    char text[1200];
    long_line (text, 198, "\nm = 1\n");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_OK);
    ck_assert_uint_eq (strlen (value ("s", "k")), 194);
    ck_assert_str_eq (value ("s", "m"), "1");
    long_line (text, 198, "\r\n");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_OK);
    long_line (text, 199, "\nm = 1\n");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:2: the line has 199 bytes, at most 198 can be read");
    long_line (text, 1000, "");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_E_CONFIG);
    /* a comment may be as long as it likes */
    memset (text, '#', 1000);
    strcpy (text + 1000, "\n[s]\nk=1");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_OK);
    ck_assert_str_eq (origin ("s", "k"), "x.ini:3");
    /* sections: 49 bytes, not 50 */
    memset (text, 's', 60);
    text[0] = '[';
    strcpy (text + 50, "]\nk=1\n");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_OK);
    text[50] = 's';
    strcpy (text + 51, "]\nk=1\n");
    ck_assert_int_eq (parse (text, strlen (text)), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:1: the name of a section has at most 49 bytes");
}
END_TEST

START_TEST (what_is_no_setting)
{
    static const char nul[] = "[s]\na\0b = 1\n";
    WRONG ("[s]\nword\n[t]\n", "x.ini:2: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\na = 1\n  and more of it\nb = 2", "x.ini:3: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\na = 1\nlast", "x.ini:3: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\n= 1\n", "x.ini:2: no key before '='");
    WRONG ("[s\n", "x.ini:1: '[' without ']'");
    WRONG ("\n[s] k = 1\n", "x.ini:2: something follows ']': a setting stands on a line of its own");
    WRONG ("k = 1\n[s]\n", "x.ini:1: a setting before the first [section]");
    WRONG ("[]\nk = 1\n", "x.ini:2: a setting before the first [section]");
    ck_assert_int_eq (parse (nul, sizeof nul - 1), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:2: a byte that is 0: is this a text file, in UTF-8?");
}
END_TEST

/* ---- the program's settings ---- */

START_TEST (settings_of_the_program)
{
    static const char *const wrong[] = { "", "a", "a=1", "core=1", ".k=1", "core.=1", "a=b.c", "plugin.x=1", "plugin..k=1", "codec.a.=1" };
    ck_assert_int_eq (tn_settings_read_word (&settings, "core.threads=4", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "a.b.c=d=e", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "codec.a.x=", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "plugin.p.enabled=no", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "limits.tensors=5", "test", &error), TENON_OK);
    ck_assert_str_eq (value ("core", "threads"), "4");
    ck_assert_str_eq (value ("codec a", "b.c"), "d=e");
    ck_assert_str_eq (value ("codec a", "x"), "");
    ck_assert_str_eq (value ("plugin p", "enabled"), "no");
    ck_assert_str_eq (value ("limits", "tensors"), "5");
    ck_assert_str_eq (origin ("limits", "tensors"), "test");
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        fresh_error ();
        ck_assert_msg (tn_settings_read_word (&settings, wrong[i], "test", &error) == TENON_E_CONFIG, "'%s'", wrong[i]);
    }
}
END_TEST

/* ---- places ---- */

START_TEST (order_of_files)
{
    write_file ("etc/tenon.ini", "[s]\na=main\nb=main\nc=main\n");
    write_file ("etc/conf.d/20.ini", "[s]\nb=20\nc=20\n");
    write_file ("etc/conf.d/10.ini", "[s]\nb=10\nc=10\n");
    write_file ("etc/conf.d/30.conf", "[s]\nc=conf\n");
    write_file ("etc/conf.d/.40.ini", "[s]\nc=hidden\n");
    char path[128];
    snprintf (path, sizeof path, "%s/etc", folder);
    ck_assert_int_eq (tn_settings_read_folder (&settings, path, &error), TENON_OK);
    ck_assert_str_eq (value ("s", "a"), "main");
    ck_assert_str_eq (value ("s", "b"), "20");
    ck_assert_str_eq (value ("s", "c"), "20");
    ck_assert_ptr_nonnull (strstr (origin ("s", "c"), "/etc/conf.d/20.ini:3"));
    ck_assert_uint_eq (settings.layers, 3);
    snprintf (path, sizeof path, "%s/nowhere", folder);
    ck_assert_int_eq (tn_settings_read_folder (&settings, path, &error), TENON_OK);
    ck_assert_uint_eq (settings.layers, 3);
}
END_TEST

START_TEST (order_of_places)
{
    static const char *const words[] = { "limits.tensors=7", NULL };
    tenon_context *context;
    const char *from = NULL;
    char other[256];
    write_file ("tenon/tenon.ini", "[limits]\ndepth=5\nmembers=5\ntensors=5\n");
    strcpy (other, write_file ("other.ini", "[limits]\nmembers=6\ntensors=6\n[save]\ndurable=off\n"));
    setenv ("TENON_CONFIG", other, 1);
    ck_assert_int_eq (make (&context, words, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 5);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_MEMBERS), 6);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_TENSORS), 7);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_INFLATED_RATIO), 1100);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMITS), 0);
    ck_assert (!context->durable && context->map);
    ck_assert_str_eq (entry_of (context, "limits", "tensors", &from), "7");
    ck_assert_str_eq (from, "test");
    ck_assert_str_eq (entry_of (context, "limits", "members", &from), "6");
    ck_assert (strncmp (from, other, strlen (other)) == 0 && strcmp (from + strlen (other), ":2") == 0);
    ck_assert_str_eq (entry_of (context, "limits", "memory", &from), "64MiB");
    ck_assert_str_eq (from, "default");
    tenon_context_free (context);
    ck_assert_int_eq (make (&context, NULL, TENON_CONTEXT_NO_ENVIRONMENT), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
    ck_assert_int_eq (make (&context, NULL, TENON_CONTEXT_NO_FILES), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_MEMBERS), 10000000);
    tenon_context_free (context);
    setenv ("TENON_CONFIG", "/nowhere/at/all.ini", 1);
    ck_assert_int_eq (make (&context, NULL, 0), TENON_E_IO);
    ck_assert_ptr_null (context);
    ck_assert_str_eq (error.message, "/nowhere/at/all.ini: opening the configuration: No such file or directory");
    setenv ("TENON_CONFIG", folder, 1);
    ck_assert_int_eq (make (&context, NULL, 0), TENON_E_IO);
}
END_TEST

START_TEST (home)
{
    tenon_context *context;
    write_file (".config/tenon/tenon.ini", "[limits]\ndepth=9\n");
    setenv ("XDG_CONFIG_HOME", "relative", 1);
    setenv ("HOME", folder, 1);
    ck_assert_int_eq (make (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 9);
    tenon_context_free (context);
    unsetenv ("HOME");
    ck_assert_int_eq (make (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
}
END_TEST

/* Runs in a process of its own, which may give up being root. */
static void
be_nobody (void)
{
    if (geteuid () == 0)
        ck_assert (setgid (65534) == 0 && setuid (65534) == 0);
}

START_TEST (closed_files)
{
    tenon_context *context;
    char path[256];
    strcpy (path, write_file ("tenon/tenon.ini", "[limits]\ndepth=9\n"));
    ck_assert_int_eq (chmod (folder, 0755), 0);
    ck_assert_int_eq (chmod (path, 0), 0);
    be_nobody ();
    ck_assert_int_eq (make (&context, NULL, 0), TENON_E_IO); /* it is seen and cannot be read */
    ck_assert_ptr_nonnull (strstr (error.message, "Permission denied"));
}
END_TEST

START_TEST (closed_folder)
{
    tenon_context *context;
    write_file ("tenon/tenon.ini", "[limits]\ndepth=9\n");
    ck_assert_int_eq (chmod (folder, 0), 0);
    be_nobody ();
    ck_assert_int_eq (make (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
}
END_TEST

START_TEST (more_rights_than_the_user)
{
    tenon_context *context;
    write_file ("tenon/tenon.ini", "nonsense\n");
    setenv ("TENON_CONFIG", "/nowhere/at/all.ini", 1);
    if (geteuid () != 0 || seteuid (65534) != 0)
        return;
    ck_assert_int_eq (make (&context, NULL, 0), TENON_OK);
    ck_assert (context->secure);
    tenon_context_free (context);
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

/* ---- what is unknown ---- */

static void
refused (const char *text, const char *words)
{
    tenon_context *context;
    char path[256];
    strcpy (path, write_file ("tenon/tenon.ini", text));
    ck_assert_int_eq (make (&context, NULL, 0), TENON_E_CONFIG);
    ck_assert (strncmp (error.message, path, strlen (path)) == 0);
    ck_assert_str_eq (error.message + strlen (path), words);
    ck_assert_ptr_null (context);
}

START_TEST (unknown_in_files)
{
    tenon_context *context;
    refused ("[core]\nthread=1\n", ":2: [core] has no key 'thread'; did you mean 'threads'?");
    refused ("[limits]\n\ntensor=1\n", ":3: [limits] has no key 'tensor'; did you mean 'tensors'?");
    refused ("[save]\nxyz=1\n", ":2: [save] has no key 'xyz'");
    refused ("[plugin absent]\nenable=no\n", ":2: [plugin absent] has no key 'enable'; did you mean 'enabled'?");
    refused ("[plugin absent]\nenabled=perhaps\n", ":2: [plugin absent] enabled = 'perhaps': expected is yes or no");
    refused ("[plugin absent]\npath=a.so\n", ":2: [plugin absent] path = 'a.so': expected is the absolute path of a file");
    refused ("[core]\nplugin_path=/a\nplugin_path=b\nplugin_path=/c\n",
             ":3: [core] plugin_path = 'b': expected is the absolute path of a folder");
    refused ("[core]\nthreads=many\n", ":2: [core] threads = 'many': expected is a whole number from 0 to 4096");
    refused ("[limits]\ndepth=0\n", ":2: [limits] depth = '0': expected is a whole number from 1 on");
    refused ("[limit]\n", ":1: there is no section [limit]; there are [core], [limits], [save], [plugin NAME] and [codec ID]; did "
                          "you mean 'limits'?");
    refused ("[codec]\nx=1\n", ":1: there is no section [codec]; there are [core], [limits], [save], [plugin NAME] and [codec ID]");
    write_file ("tenon/tenon.ini", "[codec absent]\nany = thing\n[plugin absent]\nenabled = no\n");
    ck_assert_int_eq (make (&context, NULL, 0), TENON_OK);
    unsigned notes = 0;
    for (uint64_t i = 0; i < tenon_report_count (tenon_context_report (context)); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        tenon_report_get (tenon_context_report (context), i, &entry);
        notes += entry.kind == TENON_NOTE && strcmp (entry.subject, "absent") == 0;
    }
    ck_assert_uint_eq (notes, 2);
    ck_assert_str_eq (entry_of (context, "codec absent", "any", NULL), "thing");
    ck_assert_str_eq (entry_of (context, "plugin absent", "enabled", NULL), "no");
    tenon_context_free (context);
}
END_TEST

START_TEST (unknown_in_the_program)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "core.mapp=1", "test: [core] has no key 'mapp'; did you mean 'map'?" },
        { "limit.depth=1", "test: limit.depth: there is no section and no codec 'limit'; did you mean 'limits'?" },
        { "save.durable=maybe", "test: [save] durable = 'maybe': expected is yes or no" },
        { "threads=4", "test: 'threads=4': SECTION.KEY=VALUE is expected, as core.threads=4, CODEC.KEY=VALUE or plugin.NAME.enabled=no" },
    };
    tenon_context *context;
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        const char *words[] = { wrong[i].word, NULL };
        ck_assert_int_eq (make (&context, words, TENON_CONTEXT_NO_FILES), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
    }
    const char *absent[] = { "plugin.absent.enabled=no", NULL };
    ck_assert_int_eq (make (&context, absent, TENON_CONTEXT_NO_FILES), TENON_OK);
    tenon_context_free (context);
}
END_TEST

START_TEST (structs_of_other_sizes)
{
    tenon_context *context;
    tenon_context_options none = { .struct_size = 0 }, flags = { .struct_size = sizeof flags, .flags = 0x10000 };
    struct {
        tenon_context_options options;
        char more[32];
    } longer = { .options = { .struct_size = sizeof longer, .flags = TENON_CONTEXT_NO_FILES } };
    tenon_config_entry entry = { .struct_size = 0 };
    ck_assert_int_eq (tenon_context_new (&context, &none, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (&context, &flags, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (NULL, NULL, NULL), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_context_new (&context, &longer.options, NULL), TENON_OK);
    ck_assert_int_eq (tenon_config_get (context, 0, &entry), TENON_E_MISUSE);
    ck_assert_int_eq (tenon_config_get (context, tenon_config_count (context), &entry), TENON_E_NOT_FOUND);
    tenon_context_free (context);
    tenon_context_free (NULL);
    ck_assert_ptr_null (tenon_context_report (NULL));
}
END_TEST

/* ---- the file that is installed ---- */

/* With every "#key = value" and "#[section]" taken for what it says, the file says the defaults. */
START_TEST (installed_file_says_the_defaults)
{
    static char text[1 << 16], bare[1 << 16];
    const char *source = getenv ("TENON_SRCDIR");
    tenon_context *context;
    char path[512];
    snprintf (path, sizeof path, "%s/conf/tenon.ini", source ? source : ".");
    FILE *file = fopen (path, "r");
    ck_assert_msg (file != NULL, "%s", path);
    size_t length = fread (text, 1, sizeof text - 1, file), fill = 0;
    fclose (file);
    ck_assert_int_eq (tn_settings_parse (&settings, "conf", text, length, &error), TENON_OK);
    for (uint64_t i = 0; i < settings.count; i++)
        ck_assert_ptr_null (settings.entries[i].key); /* as it is, it sets nothing */
    for (const char *p = text; *p; p++)
        if (!(p[0] == '#' && p[1] && p[1] != ' ' && p[1] != '\n'))
            bare[fill++] = *p;
    ck_assert_int_eq (parse (bare, fill), TENON_OK);
    ck_assert_int_eq (make (&context, NULL, TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT), TENON_OK);
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = { .struct_size = sizeof entry };
        tenon_config_get (context, i, &entry);
        const char *said = value (entry.section, entry.key);
        ck_assert_msg (said != NULL, "[%s] %s is missing", entry.section, entry.key);
        if (strcmp (entry.key, "plugin_path") != 0)
            ck_assert_str_eq (said, entry.value);
    }
    tenon_context_free (context);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("settings");
    TCase *tests = tcase_create ("settings");
    const TTest *const all[] = { plain_file, later_lines_win, what_would_be_cut, what_is_no_setting, settings_of_the_program,
                                 order_of_files, order_of_places, home, unknown_in_files, unknown_in_the_program,
                                 structs_of_other_sizes, installed_file_says_the_defaults };
    const TTest *const apart[] = { closed_files, closed_folder, more_rights_than_the_user };
    tcase_add_checked_fixture (tests, setup, teardown);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    if (srunner_fork_status (runner) == CK_FORK) {
        /* the folder is made and removed by the parent, which stays what it is */
        for (size_t i = 0; i < TN_COUNT (apart); i++) {
            TCase *alone = tcase_create ("alone");
            tcase_add_unchecked_fixture (alone, setup, teardown);
            tcase_add_test (alone, apart[i]);
            suite_add_tcase (suite, alone);
        }
    }
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
