/* SPDX-License-Identifier: MIT */
/* test_settings.c - ini files, the program's settings, and the order in which they apply. */
#include "base/report.h"
#include "folder.h"

static const char *
origin_of (const char *section, const char *key)
{
    const struct tn_entry *entry = tn_settings_find (&settings, section, key);
    return entry ? entry->origin : NULL;
}

#define WRONG(text, words)                                                                                   \
    do {                                                                                                     \
        ck_assert_int_eq (PARSE (text), TENON_E_CONFIG);                                                     \
        ck_assert_str_eq (error.message, words);                                                             \
    } while (0)

/* ---- ini files ---- */

START_TEST (plain_file)
{
    ck_assert_int_eq (PARSE ("\xef\xbb\xbf# comment\n\n[core]\nthreads = 4\r\n  map: no \n\t; another\n[ "
                             "codec   a ] ; words\nkey=a = b\nempty =\n"
                             "inline = x ; not this\nhash = x # this too"),
                      TENON_OK);
    ck_assert_str_eq (value_of ("core", "threads"), "4");
    ck_assert_str_eq (origin_of ("core", "threads"), "x.ini:4");
    ck_assert_str_eq (value_of ("core", "map"), "no");
    ck_assert_str_eq (origin_of ("core", "map"), "x.ini:5");
    ck_assert_str_eq (value_of ("codec a", "key"), "a = b");
    ck_assert_str_eq (value_of ("codec a", "empty"), "");
    ck_assert_str_eq (value_of ("codec a", "inline"), "x");
    ck_assert_str_eq (value_of ("codec a", "hash"), "x # this too");
    ck_assert_str_eq (origin_of ("codec a", "hash"), "x.ini:11");
    ck_assert_ptr_null (value_of ("core", "key"));
    ck_assert (PARSE ("") == TENON_OK && settings.count == 0);
    ck_assert (PARSE ("\n\n;\n") == TENON_OK && settings.count == 0);
}
END_TEST

START_TEST (later_lines_win)
{
    ck_assert_int_eq (
        PARSE ("[core]\nthreads=1\nplugin_path=/a\n[save]\n[core]\nthreads=2\nplugin_path=/b\n"), TENON_OK);
    ck_assert_str_eq (value_of ("core", "threads"), "2");
    ck_assert_str_eq (value_of ("core", "plugin_path"), "/b");
    for (uint64_t i = 0; i < settings.count;
         i++) /* earlier entries are known, too; [save] was not looked for */
        ck_assert_int_eq (settings.entries[i].known, strcmp (settings.entries[i].section, "save") != 0);
}
END_TEST

/* "[s]\nk = ", and as much as makes the second line `size` bytes long */
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
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_OK);
    ck_assert_uint_eq (strlen (value_of ("s", "k")), 194);
    ck_assert_str_eq (value_of ("s", "m"), "1");
    long_line (text, 198, "\r\n");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_OK);
    long_line (text, 199, "\nm = 1\n");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:2: the line has 199 bytes, at most 198 can be read");
    long_line (text, 1000, "");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_E_CONFIG);
    /* a comment may have any length */
    memset (text, '#', 1000);
    strcpy (text + 1000, "\n[s]\nk=1");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_OK);
    ck_assert_str_eq (origin_of ("s", "k"), "x.ini:3");
    /* sections: 49 bytes, not 50 */
    memset (text, 's', 60);
    text[0] = '[';
    strcpy (text + 50, "]\nk=1\n");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_OK);
    text[50] = 's';
    strcpy (text + 51, "]\nk=1\n");
    ck_assert_int_eq (parse_text (text, strlen (text)), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:1: the name of a section has at most 49 bytes");
}
END_TEST

START_TEST (what_is_no_setting)
{
    static const char nul[] = "[s]\na\0b = 1\n";
    WRONG ("[s]\nword\n[t]\n", "x.ini:2: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\na = 1\n  and more of it\nb = 2",
           "x.ini:3: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\na = 1\nlast", "x.ini:3: no setting: KEY = VALUE is expected, all of it on one line");
    WRONG ("[s]\n= 1\n", "x.ini:2: no key before '='");
    WRONG ("[s\n", "x.ini:1: '[' without ']'");
    WRONG ("\n[s] k = 1\n", "x.ini:2: something follows ']': a setting stands on a line of its own");
    WRONG ("k = 1\n[s]\n", "x.ini:1: a setting before the first [section]");
    WRONG ("[]\nk = 1\n", "x.ini:2: a setting before the first [section]");
    ck_assert_int_eq (parse_text (nul, sizeof nul - 1), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "x.ini:2: a byte that is 0: is this a text file, in UTF-8?");
}
END_TEST

/* ---- the program's settings ---- */

START_TEST (settings_of_the_program)
{
    static const char *const wrong[] = { "",        "a",     "a=1",        "core=1",      ".k=1",
                                         "core.=1", "a=b.c", "plugin.x=1", "plugin..k=1", "codec.a.=1" };
    ck_assert_int_eq (tn_settings_read_word (&settings, "core.threads=4", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "a.b.c=d=e", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "codec.a.x=", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "plugin.p.enabled=no", "test", &error), TENON_OK);
    ck_assert_int_eq (tn_settings_read_word (&settings, "limits.tensors=5", "test", &error), TENON_OK);
    ck_assert_str_eq (value_of ("core", "threads"), "4");
    ck_assert_str_eq (value_of ("codec a", "b.c"), "d=e");
    ck_assert_str_eq (value_of ("codec a", "x"), "");
    ck_assert_str_eq (value_of ("plugin p", "enabled"), "no");
    ck_assert_str_eq (value_of ("limits", "tensors"), "5");
    ck_assert_str_eq (origin_of ("limits", "tensors"), "test");
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        fresh_error ();
        ck_assert_msg (tn_settings_read_word (&settings, wrong[i], "test", &error) == TENON_E_CONFIG, "'%s'",
                       wrong[i]);
    }
}
END_TEST

/* ---- where settings come from ---- */

START_TEST (order_of_files)
{
    write_file ("etc/tenon.ini", "[s]\na=main\nb=main\nc=main\n");
    write_file ("etc/conf.d/20.ini", "[s]\nb=20\nc=20\n");
    write_file ("etc/conf.d/10.ini", "[s]\nb=10\nc=10\n");
    write_file ("etc/conf.d/30.conf", "[s]\nc=conf\n");
    write_file ("etc/conf.d/.40.ini", "[s]\nc=hidden\n");
    char path[128];
    snprintf (path, sizeof path, "%s/etc", folder);
    struct tn_settings_reader reader = { &settings, NULL, { .secure = false }, &error };
    ck_assert_int_eq (tn_settings_read_folder (&reader, path), TENON_OK);
    ck_assert_str_eq (value_of ("s", "a"), "main");
    ck_assert_str_eq (value_of ("s", "b"), "20");
    ck_assert_str_eq (value_of ("s", "c"), "20");
    ck_assert_ptr_nonnull (strstr (origin_of ("s", "c"), "/etc/conf.d/20.ini:3"));
    ck_assert_uint_eq (settings.layers, 3);
    snprintf (path, sizeof path, "%s/nowhere", folder);
    ck_assert_int_eq (tn_settings_read_folder (&reader, path), TENON_OK);
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
    ck_assert_int_eq (make_context (&context, words, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 5);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_MEMBERS), 6);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_TENSORS), 7);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_INFLATED_RATIO), 33000);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMITS), 0);
    ck_assert (!context->durable && context->map);
    ck_assert_str_eq (entry_of (context, "limits", "tensors", &from), "7");
    ck_assert_str_eq (from, "test");
    ck_assert_str_eq (entry_of (context, "limits", "members", &from), "6");
    ck_assert (strncmp (from, other, strlen (other)) == 0 && strcmp (from + strlen (other), ":2") == 0);
    ck_assert_str_eq (entry_of (context, "limits", "memory", &from), "64MiB");
    ck_assert_str_eq (from, "default");
    tenon_context_free (context);
    ck_assert_int_eq (make_context (&context, NULL, TENON_CONTEXT_NO_ENVIRONMENT), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
    ck_assert_int_eq (make_context (&context, NULL, TENON_CONTEXT_NO_FILES), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_MEMBERS), 10000000);
    tenon_context_free (context);
    setenv ("TENON_CONFIG", "/nowhere/at/all.ini", 1);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_NOT_FOUND);
    ck_assert_ptr_null (context);
    ck_assert_str_eq (error.message,
                      "/nowhere/at/all.ini: opening the configuration: No such file or directory");
    setenv ("TENON_CONFIG", folder, 1);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_IO);
}
END_TEST

START_TEST (home)
{
    tenon_context *context;
    write_file (".config/tenon/tenon.ini", "[limits]\ndepth=9\n");
    setenv ("XDG_CONFIG_HOME", "relative", 1);
    setenv ("HOME", folder, 1);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 9);
    tenon_context_free (context);
    unsetenv ("HOME");
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
}
END_TEST

/* Runs in a process of its own, which may drop root's rights. */
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
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_IO); /* it is seen and cannot be read */
    ck_assert_ptr_nonnull (strstr (error.message, "Permission denied"));
}
END_TEST

START_TEST (closed_folder)
{
    tenon_context *context;
    write_file ("tenon/tenon.ini", "[limits]\ndepth=9\n");
    ck_assert_int_eq (chmod (folder, 0), 0);
    be_nobody ();
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), 64);
    tenon_context_free (context);
}
END_TEST

/* ---- files that are not obeyed ---- */

/* The note on a file, or NULL. */
static const char *
note_on (const tenon_context *context, const char *file)
{
    tenon_report_entry entry = { .struct_size = sizeof entry };
    for (uint64_t i = 0; i < tenon_report_count (tenon_context_report (context)); i++) {
        ck_assert_int_eq (tenon_report_get (tenon_context_report (context), i, &entry), TENON_OK);
        if (entry.kind == TENON_NOTE && strcmp (entry.file, file) == 0)
            return entry.message;
    }
    return NULL;
}

/* Makes a context whose limit of the depth is `depth`. words NULL: there is no note on the file. */
static void
obeys (uint64_t depth, const char *file, const char *words)
{
    tenon_context *context;
    ck_assert_msg (make_context (&context, NULL, 0) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (tenon_limit (context, TENON_LIMIT_DEPTH), depth);
    const char *note = note_on (context, file);
    if (words)
        ck_assert_msg (note && strstr (note, words), "%s", note);
    else
        ck_assert_ptr_null (note);
    tenon_context_free (context);
}

START_TEST (written_by_others)
{
    char path[256], parent[256];
    strcpy (path, write_file ("tenon/tenon.ini", "[limits]\ndepth=9\n"));
    snprintf (parent, sizeof parent, "%s/tenon", folder);
    ck_assert (chmod (folder, 0755) == 0 && chmod (path, 0644) == 0);
    for (unsigned i = 0; i < 2; i++) { /* the user's file, then the same one by its name */
        obeys (9, path, NULL);
        ck_assert_int_eq (chmod (path, 0646), 0);
        obeys (64, path, "this configuration is not obeyed: the file is writable by everybody (mode 0646)");
        ck_assert (chmod (path, 0644) == 0 && chmod (parent, 0777) == 0);
        obeys (64, path, "/tenon is writable by everybody (mode 0777)");
        ck_assert_int_eq (chmod (parent, 01777), 0);
        obeys (9, path, NULL);
        ck_assert_int_eq (chmod (parent, 0755), 0);
        if (geteuid () == 0) {
            ck_assert_int_eq (chown (path, 12345, 0), 0);
            obeys (64, path, "the file belongs to user 12345");
            ck_assert_int_eq (chown (path, 0, 0), 0);
        }
        unsetenv ("XDG_CONFIG_HOME");
        setenv ("HOME", "/nowhere", 1);
        setenv ("TENON_CONFIG", path, 1);
    }
    ck_assert_int_eq (chdir (folder), 0);
    setenv ("TENON_CONFIG", "tenon/tenon.ini", 1);
    obeys (9, "tenon/tenon.ini", NULL);
    ck_assert_int_eq (chmod (folder, 0777), 0);
    obeys (64, "tenon/tenon.ini", "is writable by everybody (mode 0777)");
    ck_assert_int_eq (chdir ("/"), 0);
}
END_TEST

START_TEST (folder_of_others)
{
    char path[256], more[256];
    write_file ("etc/conf.d/10.ini", "[s]\na=1\n");
    snprintf (path, sizeof path, "%s/etc", folder);
    snprintf (more, sizeof more, "%s/etc/conf.d", folder);
    for (unsigned i = 0; i < 3; i++) {
        static const mode_t modes[] = { 0755, 0777, 01777 };
        tn_settings_free (&settings);
        struct tn_settings_reader reader = { &settings, tn_report_new (), { .secure = false }, &error };
        ck_assert_int_eq (chmod (more, modes[i]), 0);
        ck_assert_int_eq (tn_settings_read_folder (&reader, path), TENON_OK);
        ck_assert_uint_eq (settings.count > 0, i == 0);
        ck_assert_uint_eq (tenon_report_count (reader.report), i > 0);
        tenon_report_free (reader.report);
    }
}
END_TEST

START_TEST (no_regular_files)
{
    tenon_context *context;
    char path[256];
    write_file ("tenon/x", "");
    snprintf (path, sizeof path, "%s/tenon/tenon.ini", folder);
    /* a FIFO does not hang */
    ck_assert_int_eq (mkfifo (path, 0600), 0);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_IO);
    ck_assert_ptr_nonnull (
        strstr (error.message, "/tenon.ini: a configuration is a regular file, and this is none"));
    ck_assert (unlink (path) == 0 && symlink ("/dev/zero", path) == 0);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_IO);
    ck_assert (unlink (path) == 0 && symlink ("/dev/null", path) == 0);
    obeys (64, path, NULL);
    ck_assert (unlink (path) == 0 && mkdir (path, 0755) == 0);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_IO);
    ck_assert_int_eq (rmdir (path), 0);
    /* in conf.d, too */
    write_file ("etc/conf.d/x", "");
    snprintf (path, sizeof path, "%s/etc/conf.d/10.ini", folder);
    ck_assert_int_eq (mkfifo (path, 0600), 0);
    snprintf (path, sizeof path, "%s/etc", folder);
    struct tn_settings_reader reader = { &settings, NULL, { .secure = false }, &error };
    fresh_error ();
    ck_assert_int_eq (tn_settings_read_folder (&reader, path), TENON_E_IO);
}
END_TEST

START_TEST (large_file)
{
    tenon_context *context;
    char *path = write_file ("tenon/tenon.ini", "");
    ck_assert_int_eq (truncate (path, ((off_t) 1 << 20) + 1), 0);
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_E_CONFIG);
    ck_assert_ptr_nonnull (strstr (error.message, "more than 1048576 bytes are no configuration"));
}
END_TEST

START_TEST (more_rights_than_the_user)
{
    tenon_context *context;
    write_file ("tenon/tenon.ini", "nonsense\n");
    setenv ("TENON_CONFIG", "/nowhere/at/all.ini", 1);
    if (geteuid () != 0 || seteuid (65534) != 0)
        return;
    ck_assert_int_eq (make_context (&context, NULL, 0), TENON_OK);
    ck_assert (context->secure);
    tenon_context_free (context);
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("settings");
    TCase *tests = tcase_create ("settings");
    const TTest *const all[] = { plain_file,
                                 later_lines_win,
                                 what_would_be_cut,
                                 what_is_no_setting,
                                 settings_of_the_program,
                                 order_of_files,
                                 order_of_places,
                                 home,
                                 written_by_others,
                                 folder_of_others,
                                 no_regular_files,
                                 large_file };
    const TTest *const apart[] = { closed_files, closed_folder, more_rights_than_the_user };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    if (srunner_fork_status (runner) == CK_FORK) {
        /* the parent, which keeps its rights, makes and removes the folder */
        for (size_t i = 0; i < TN_COUNT (apart); i++) {
            TCase *alone = tcase_create ("alone");
            tcase_add_unchecked_fixture (alone, set_up, tear_down);
            tcase_add_test (alone, apart[i]);
            suite_add_tcase (suite, alone);
        }
    }
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
