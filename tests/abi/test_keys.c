/* SPDX-License-Identifier: MIT */
/* test_keys.c - keys of stores that are listed by levels, and keys that are claimed: in folders and in
 * archives, isolated and not. */
#include "boxes.h"
#include <sys/stat.h>
#include <unistd.h>

static void
use_tree (int isolated)
{
    if (isolated)
        setenv ("KIT_ISOLATE", "1", 1);
    kit_plugins ("tree pack", NULL);
}

static void
put_key (const char *folder, const char *key, const char *text)
{
    char name[400];
    snprintf (name, sizeof name, "%s/%s", folder, key);
    for (char *slash = name; (slash = strchr (slash + 1, '/')) != NULL;) {
        *slash = 0;
        mkdir (kit_path (name), 0777);
        *slash = '/';
    }
    kit_save (name, text, strlen (text));
}

/* A member of an archive. */
static void
put_member (struct bytes *bytes, unsigned how, const char *key, const char *text)
{
    struct bytes *copy = calloc (1, sizeof *copy);
    kit_text (copy, text);
    kit_text (bytes, "KEY:");
    kit_le (bytes, how, 1);
    kit_le (bytes, strlen (key), 1);
    kit_text (bytes, key);
    kit_le (bytes, strlen (text), 8);
    kit_le (bytes, strlen (text), 8);
    kit_le (bytes, sum_of (copy), 4);
    kit_text (bytes, text);
    free (copy);
}

static const char *
text_of (tenon_file *file, const char *key)
{
    return kit_value (file, key).as.string;
}

/* ---- levels ---- */

static const char levels[] = "level all\nlevel a a/\nlevel b a/b/\nlevel file a/1/\nlevel none x/\n";
static const char *const keys[] = { "a.b", "z", "a/b/d/f", "a/1", "a-", "a/b/c", "tree.index", "a/b/d/e" };

static void
check_levels (tenon_file *file)
{
    ck_assert_str_eq (text_of (file, "all"), "a- a.b a/ tree.index z");
    ck_assert_str_eq (text_of (file, "a"), "a/1 a/b/");
    ck_assert_str_eq (text_of (file, "b"), "a/b/c a/b/d/");
    ck_assert_str_eq (text_of (file, "file"), "");
    ck_assert_str_eq (text_of (file, "none"), "");
    tenon_close (file);
}

START_TEST (test_levels)
{
    struct bytes *bytes = calloc (1, sizeof *bytes);
    use_tree (_i % 2);
    if (_i < 2) {
        for (unsigned i = 0; i < 8; i++)
            put_key ("d", keys[i], strcmp (keys[i], "tree.index") == 0 ? levels : "x");
        check_levels (kit_open ("d", NULL, NULL));
    } else {
        kit_text (bytes, "TOYPACK\n");
        for (unsigned i = 0; i < 8; i++)
            if (strcmp (keys[i], "tree.index") != 0)
                put_member (bytes, i % 2 ? 16 : 0, keys[i], "x");
        put_member (bytes, 0, "a/1", "y"); /* the last one counts, and is told once */
        put_member (bytes, 0, "tree.index", levels);
        kit_text (bytes, "END:");
        kit_file ("p", bytes);
        check_levels (kit_open ("p", NULL, NULL));
    }
    free (bytes);
}
END_TEST

START_TEST (test_wrong_levels)
{
    use_tree (_i);
    put_key ("d", "tree.index", "level x a\n");
    kit_open_fails ("d", NULL, NULL, TENON_E_MISUSE, "one level of keys, but the prefix does not end in '/'");
}
END_TEST

/* ---- claims, when a save replaces the folder ---- */

static tenon_status
save_over (const char *name)
{
    tenon_plan *plan = kit_plan ();
    tenon_status status = kit_write (plan, name, "tree", NULL, NULL);
    tenon_plan_free (plan);
    return status;
}

/* Keys of "claim / a/c/ 3 12", "claim . v 4 4", "claim . s". */
static const struct {
    const char *key;
    int own;
} claimed[] = { { "a/c/0/0", 1 },  { "a/c/2/11", 1 },    { "v0.3", 1 },
                { "s", 1 },        { "a/c/3/0", 0 },     { "a/c/0/12", 0 },
                { "a/c/00/0", 0 }, { "a/c/0/01", 0 },    { "a/c/0/0/0", 0 },
                { "a/c/0", 0 },    { "v0.3.1", 0 },      { "v0.", 0 },
                { "v0.3x", 0 },    { "v0.+3", 0 },       { "v 0.3", 0 },
                { "b/c/0/0", 0 },  { "s0", 0 },          { "v0/3", 0 },
                { "v.3", 0 },      { "a/c/0/0.tmp", 0 }, { "v0.99999999999999999999999999999999", 0 } };
#define CLAIMED (sizeof claimed / sizeof *claimed)

START_TEST (test_claims)
{
    use_tree (_i / (int) CLAIMED);
    const char *key = claimed[_i % (int) CLAIMED].key;
    put_key ("own", "tree.index", "claim / a/c/ 3 12\nclaim . v 4 4\nclaim . s\nclaim . v 4 4\n");
    put_key ("own", "a/c/1/1", "x");
    put_key ("own", key, "precious");
    if (claimed[_i % (int) CLAIMED].own) {
        ck_assert_msg (save_over ("own") == TENON_OK, "%s", kit_error.message);
        ck_assert (!kit_exists ("own/a"));
        return;
    }
    kit_failed (save_over ("own"), TENON_E_EXISTS, "with 1 file that the codec tree does not use");
    char name[100];
    snprintf (name, sizeof name, "own/%s", key);
    ck_assert (kit_exists (name));
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *level = kit_case (suite, "levels"), *claim = kit_case (suite, "claims");
    tcase_add_loop_test (level, test_levels, 0, 4);
    tcase_add_loop_test (level, test_wrong_levels, 0, 2);
    tcase_add_loop_test (claim, test_claims, 0, 2 * (int) CLAIMED);
}

int
main (void)
{
    return kit_main ("keys", fill_suite);
}
