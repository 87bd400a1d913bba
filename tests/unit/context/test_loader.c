/* SPDX-License-Identifier: MIT */
/* test_loader.c - which plugin files are loaded, in which order, and the verdicts on the others. */
#include "loader_kit.h"

#define IN_USE "in use: lone 1.2 (codecs lone)"

/* ---- one file ---- */

START_TEST (used)
{
    const char *file = put_plugin ("lone", folder, "lone.so");
    MAKE (folder);
    expect_verdict (file, TENON_OK, IN_USE);
    ck_assert (has_codec ("lone"));
    ck_assert_str_eq (verdict_on (file).subject, "lone");
    tenon_codec_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_codec_get (context, tenon_codec_count (context) - 1, &info), TENON_OK);
    ck_assert_str_eq (info.plugin_file, file);
    ck_assert_str_eq (info.plugin_version, "1.2");
}
END_TEST

START_TEST (unusable)
{
    const char *text = path_of (folder, "text.so"), *in_folder = path_of (folder, "folder.so"),
               *dangling = path_of (folder, "dangling.so");
    FILE *file = fopen (text, "w");
    fputs ("this is no shared object, whatever it is called\n", file);
    fclose (file);
    ck_assert (mkdir (in_folder, 0755) == 0 && symlink ("/nowhere/x.so", dangling) == 0);
    put_plugin ("blank", folder, "blank.so");
    put_plugin ("nextmajor", folder, "nextmajor.so");
    put_plugin ("newer", folder, "newer.so");
    put_plugin ("unwilling", folder, "unwilling.so");
    put_part ("lone", folder, "empty.so", 0);
    put_part ("lone", folder, "cut.so", 4000);
    put_part ("lone", folder, "stub.so", 70);
    put_plugin ("lone", folder, "a b.so");
    put_plugin ("lone", folder, ".hidden.so");
    put_plugin ("lone", folder, "lone.so.1");
    put_plugin ("lone", folder, ".so");
    MAKE (folder);
    expect_beginning (text, TENON_E_IO, "dlopen: ");
    expect_beginning (path_of (folder, "empty.so"), TENON_E_IO, "dlopen: ");
    expect_verdict (path_of (folder, "cut.so"), TENON_E_TRUNCATED,
                    "not loaded: the file was cut off at 4000 bytes");
    expect_beginning (path_of (folder, "stub.so"), TENON_E_TRUNCATED, "not loaded: ");
    expect_verdict (in_folder, TENON_E_MALFORMED, "it is no regular file");
    expect_beginning (dangling, TENON_E_NOT_FOUND, "looking for it: ");
    expect_verdict (path_of (folder, "blank.so"), TENON_E_MALFORMED,
                    "no plugin: it does not export " TENON_ENTRY_TEXT);
    expect_verdict (
        path_of (folder, "nextmajor.so"), TENON_E_UNSUPPORTED,
        "made for another major version: it has tenon_plugin_v9, this library wants " TENON_ENTRY_TEXT);
    expect_verdict (path_of (folder, "newer.so"), TENON_E_UNSUPPORTED,
                    "refused: wants minor 3 of the plugin interface and this is 0");
    expect_verdict (path_of (folder, "unwilling.so"), TENON_E_UNSUPPORTED,
                    "unwilling: its entry function returned no table");
    expect_beginning (path_of (folder, "a b.so"), TENON_E_MISUSE, "not loaded: the name of a plugin is ");
    ck_assert (!has_codec ("lone"));
}
END_TEST

/* A plugin under another name is none: settings go by one name. */
#define NO_TWIN(name)                                                                                        \
    "refused: it calls itself 'lone', its file or its section is called '" name "', which must be the same"
START_TEST (another_name)
{
    const char *first = put_plugin ("lone", folder, "lone.so"),
               *second = put_plugin ("lone", folder, "twin.so");
    MAKE (folder);
    expect_verdict (first, TENON_OK, IN_USE);
    expect_verdict (second, TENON_E_MISUSE, NO_TWIN ("twin"));
}
END_TEST

START_TEST (disabled)
{
    const char *file = put_plugin ("lone", folder, "lone.so");
    MAKE_WITH (folder, "plugin.lone.enabled=no");
    expect_verdict (file, TENON_E_CONFIG, "disabled at test");
    ck_assert (!has_codec ("lone"));
    MAKE_WITH (folder, "codec.lone.enabled=no"); /* the codec alone: its plugin is loaded */
    expect_verdict (file, TENON_OK, IN_USE);
    ck_assert (!has_codec ("lone"));
}
END_TEST

/* ---- trusted files and folders ---- */

static const char *
because_of (const char *where, const char *words)
{
    static char text[400];
    snprintf (text, sizeof text, "not loaded: the folder %s %s", where, words);
    return text;
}

START_TEST (writable_by_everybody)
{
    const char *file = put_plugin ("lone", folder, "lone.so");
    ck_assert_int_eq (chmod (file, 0646), 0);
    MAKE (folder);
    expect_verdict (file, TENON_E_CONFIG, "not loaded: the file is writable by everybody (mode 0646)");
    ck_assert (chmod (file, 0644) == 0 && chmod (folder, 0777) == 0);
    MAKE (folder);
    expect_verdict (file, TENON_E_CONFIG, because_of (folder, "is writable by everybody (mode 0777)"));
    ck_assert_int_eq (chmod (folder, 01777), 0);
    MAKE (folder);
    expect_verdict (file, TENON_E_CONFIG, because_of (folder, "is writable by everybody (mode 1777)"));
    ck_assert_int_eq (chmod (folder, 0755), 0);
    MAKE (folder);
    expect_verdict (file, TENON_OK, IN_USE);
}
END_TEST

START_TEST (of_others)
{
    const char *file = put_plugin ("lone", folder, "lone.so");
    if (geteuid () != 0)
        return; /* only root can give files away */
    ck_assert_int_eq (chown (file, 12345, 0), 0);
    MAKE (folder);
    expect_verdict (
        file, TENON_E_CONFIG,
        "not loaded: the file belongs to user 12345, which is neither root nor the user of this process nor "
        "an owner of libtenon");
    ck_assert (chown (file, 0, 12345) == 0 && chmod (file, 0664) == 0);
    MAKE (folder);
    expect_verdict (
        file, TENON_E_CONFIG,
        "not loaded: the file is writable by group 12345, which is not its owner's alone (mode 0664)");
    ck_assert_int_eq (chown (file, 0, 0), 0);
    MAKE (folder);
    expect_verdict (file, TENON_OK, IN_USE);
    ck_assert_int_eq (chown (folder, 12345, 0), 0);
    MAKE (folder);
    expect_beginning (file, TENON_E_CONFIG, because_of (folder, "belongs to user 12345, "));
}
END_TEST

START_TEST (links)
{
    const char *file = put_plugin ("lone", other, "lone.so"), *link = path_of (folder, "lone.so");
    ck_assert_int_eq (symlink (file, link), 0);
    MAKE (folder);
    expect_verdict (link, TENON_OK, IN_USE);
    ck_assert_int_eq (chmod (other, 0777), 0);
    MAKE (folder);
    expect_verdict (link, TENON_E_CONFIG, because_of (other, "is writable by everybody (mode 0777)"));
    ck_assert_int_eq (chmod (other, 0755), 0);
    /* the link's own folder */
    ck_assert_int_eq (mkdir (path_of (folder, "links"), 0777), 0);
    ck_assert_int_eq (chmod (path_of (folder, "links"), 0777), 0);
    link = path_of (folder, "links/lone.so");
    ck_assert_int_eq (symlink (file, link), 0);
    char setting[256];
    snprintf (setting, sizeof setting, "plugin.lone.path=%s", link);
    MAKE_WITH (other, setting);
    expect_verdict (link, TENON_E_CONFIG,
                    because_of (path_of (folder, "links"), "is writable by everybody (mode 0777)"));
    MAKE (path_of (folder, "links"));
    expect_verdict (link, TENON_E_CONFIG,
                    because_of (path_of (folder, "links"), "is writable by everybody (mode 0777)"));
}
END_TEST

/* A folder further up. */
START_TEST (parents)
{
    ck_assert_int_eq (mkdir (path_of (other, "inner"), 0755), 0);
    const char *inner = path_of (other, "inner"), *file = put_plugin ("lone", inner, "lone.so");
    MAKE (inner);
    expect_verdict (file, TENON_OK, IN_USE);
    ck_assert_int_eq (chmod (other, 0777), 0);
    MAKE (inner);
    expect_verdict (file, TENON_E_CONFIG, because_of (other, "is writable by everybody (mode 0777)"));
    ck_assert_int_eq (chmod (other, 01777), 0); /* nobody else can rename what is ours there */
    MAKE (inner);
    expect_verdict (file, TENON_OK, IN_USE);
    if (geteuid () != 0)
        return;
    ck_assert (chmod (other, 0755) == 0 && chown (other, 12345, 0) == 0);
    MAKE (inner);
    expect_beginning (file, TENON_E_CONFIG, because_of (other, "belongs to user 12345, "));
}
END_TEST

START_TEST (more_rights_than_the_user)
{
    put_plugin ("lone", folder, "lone.so");
    setenv ("TENON_PLUGIN_PATH", folder, 1);
    MAKE (NULL);
    ck_assert (has_codec ("lone"));
    if (geteuid () != 0 || seteuid (65534) != 0)
        return;
    MAKE (NULL);
    ck_assert (!has_codec ("lone"));
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

/* ---- where plugins are looked for ---- */

START_TEST (shadows)
{
    const char *first = put_plugin ("lone", folder, "lone.so"),
               *second = put_plugin ("lone", other, "lone.so");
    char path[256], words[256];
    snprintf (path, sizeof path, "%s:%s", folder, other);
    snprintf (words, sizeof words, "shadowed by %s", first);
    MAKE (path);
    expect_verdict (first, TENON_OK, IN_USE);
    expect_verdict (second, TENON_E_EXISTS, words);
    /* a plugin that cannot be used hides no other */
    ck_assert_int_eq (mkdir (path_of (folder, "broken"), 0755), 0);
    const char *broken = put_plugin ("blank", folder, "broken/lone.so");
    snprintf (path, sizeof path, "%s/broken:%s", folder, other);
    MAKE (path);
    expect_verdict (broken, TENON_E_MALFORMED, "no plugin: it does not export " TENON_ENTRY_TEXT);
    expect_verdict (second, TENON_OK, IN_USE);
}
END_TEST

START_TEST (named)
{
    const char *file = put_plugin ("lone", other, "x.so"), *hidden = put_plugin ("blank", folder, "mine.so");
    char setting[256], words[256];
    snprintf (setting, sizeof setting, "plugin.mine.path=%s", file);
    snprintf (words, sizeof words, "shadowed by %s, which test names", file);
    MAKE_WITH (folder, setting);
    expect_verdict (file, TENON_E_MISUSE, NO_TWIN ("mine"));
    expect_verdict (hidden, TENON_E_EXISTS, words);
    char right[256];
    snprintf (right, sizeof right, "plugin.lone.path=%s", file);
    MAKE_WITH (folder, right); /* the file itself may have any name, if a section names it */
    expect_verdict (file, TENON_OK, IN_USE);
    MAKE_WITH (folder, setting, "plugin.mine.enabled=no");
    expect_verdict (file, TENON_E_CONFIG, "disabled at test");
    MAKE_WITH (folder, setting,
               "plugin.mine.path=/nowhere/y.so"); /* no other plugin of that name takes its place */
    expect_beginning ("/nowhere/y.so", TENON_E_NOT_FOUND, "looking for it: ");
    MAKE_WITH (folder, setting, "plugin.mine.path=");
    expect_verdict (hidden, TENON_E_MALFORMED, "no plugin: it does not export " TENON_ENTRY_TEXT);
    const char *relative[] = { "plugin.mine.path=x.so", NULL }, *bad[] = { "plugin.a b.path=/x.so", NULL };
    ck_assert_int_eq (make_context (folder, relative), TENON_E_CONFIG);
    ck_assert_int_eq (make_context (folder, bad), TENON_E_CONFIG);
    ck_assert_str_eq (error.message, "test: [plugin a b]: no plugin can have that name");
}
END_TEST

START_TEST (working_directory)
{
    char here[4096];
    ck_assert_ptr_nonnull (getcwd (here, sizeof here));
    put_plugin ("lone", folder, "lone.so");
    ck_assert_int_eq (chdir (folder), 0);
    setenv ("TENON_PLUGIN_PATH", ":other::", 1);
    MAKE_WITH (".:./:", "limits.depth=5");
    ck_assert (!has_codec ("lone"));
    expect_verdict (".", TENON_E_CONFIG, "not searched: it is no absolute path (test)");
    expect_verdict ("other", TENON_E_CONFIG, "not searched: it is no absolute path (TENON_PLUGIN_PATH)");
    ck_assert_int_eq (chdir (here), 0);
}
END_TEST

static void
write_ini (const char *name, const char *text)
{
    FILE *file = fopen (path_of (folder, name), "w");
    ck_assert_ptr_nonnull (file);
    fputs (text, file);
    fclose (file);
}

START_TEST (order_of_folders)
{
    static const struct {
        const char *path, *origin;
    } expected[] = { { "/p", "test" },
                     { "/o", "test" },
                     { "/e1", "TENON_PLUGIN_PATH" },
                     { "/e2", "TENON_PLUGIN_PATH" },
                     { "/l1", "/late.ini:2" },
                     { "/l2", "/late.ini:3" },
                     { "/u", "/tenon/tenon.ini:2" } };
    setenv ("TENON_PLUGIN_PATH", "/e1:/e2/", 1);
    setenv ("TENON_CONFIG", path_of (folder, "late.ini"), 1);
    ck_assert_int_eq (mkdir (path_of (folder, "tenon"), 0755), 0);
    write_ini ("tenon/tenon.ini", "[core]\nplugin_path = /u\nplugin_path=/e1\n");
    write_ini ("late.ini", "[core]\nplugin_path = /l1\nplugin_path = /l2\n");
    MAKE_WITH ("/p", "core.plugin_path=/o");
    ck_assert_uint_eq (context->folder_count,
                       TN_COUNT (expected) + 1); /* and the folder that libtenon was built for */
    for (size_t i = 0; i < TN_COUNT (expected); i++) {
        const char *origin = context->folders[i].origin;
        ck_assert_str_eq (context->folders[i].path, expected[i].path);
        ck_assert (strlen (origin) >= strlen (expected[i].origin));
        ck_assert_str_eq (origin + strlen (origin) - strlen (expected[i].origin), expected[i].origin);
        expect_beginning (expected[i].path, TENON_E_NOT_FOUND, "not searched (");
    }
    ck_assert_str_eq (context->folders[context->folder_count - 1].origin, "default");
}
END_TEST

START_TEST (side_by_side)
{
    put_plugin ("lone", folder, "lone.so");
    MAKE_WITH (folder, "lone.priority=3");
    tenon_context *first = context;
    context = NULL;
    MAKE_WITH (folder, "lone.priority=4");
    ck_assert_int_eq (first->registry.codecs[first->registry.codec_count - 1]->priority, 3);
    ck_assert_int_eq (context->registry.codecs[context->registry.codec_count - 1]->priority, 4);
    tenon_context_free (first);
    ck_assert (has_codec ("lone"));
}
END_TEST

int
main (void)
{
#ifdef TENON_NO_DLOPEN
    return 77; /* skipped */
#endif
    Suite *suite = suite_create ("loader");
    TCase *tests = tcase_create ("loader");
    const TTest *const all[] = { used,
                                 unusable,
                                 another_name,
                                 disabled,
                                 writable_by_everybody,
                                 of_others,
                                 links,
                                 parents,
                                 more_rights_than_the_user,
                                 shadows,
                                 named,
                                 working_directory,
                                 order_of_folders,
                                 side_by_side };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
