/* SPDX-License-Identifier: MIT */
/* test_pickle.c - pickles by hand: every opcode, values of every kind, and hostile ones, each with what it
 * gives. What is expected of well-formed ones is what Python's pickle.loads gives; Python refuses, or should,
 * the others. */
#include "kit.h"
#include <stdio.h>

#define P2 "\x80\x02"
#define UNSUPPORTED TENON_E_UNSUPPORTED
#define MALFORMED TENON_E_MALFORMED
#define TRUNCATED TENON_E_TRUNCATED

struct pickle {
    const char *bytes;
    size_t size;
    tenon_status status; /* of opening it */
    const char *words;   /* of the failure; else of the metadata, all of them */
};
#define CASE(bytes, status, words)                                                                           \
    {                                                                                                        \
        bytes, sizeof bytes - 1, status, words                                                               \
    }

/* ---- opcodes ---- */

static const struct pickle values[] = {
    /* protocol 0 */
    CASE ("I5\n.", 0, "value=5"),
    CASE ("I-5\n.", 0, "value=-5"),
    CASE ("I01\n.", 0, "value=true"),
    CASE ("I00\n.", 0, "value=false"),
    CASE ("L12345678901L\n.", 0, "value=12345678901"),
    CASE ("L-9223372036854775808L\n.", 0, "value=-9223372036854775808"),
    CASE ("L18446744073709551615L\n.", 0, "value=18446744073709551615u"),
    CASE ("L00000000000000000000000007\n.", 0, "value=7"),
    CASE ("F0.5\n.", 0, "value=0.5"),
    CASE ("F-1e+300\n.", 0, "value=-1e+300"),
    CASE ("Finf\n.", 0, "value=inf"),
    CASE ("F-inf\n.", 0, "value=-inf"),
    CASE ("Fnan\n.", 0, "value=nan"),
    CASE ("S'a\\x41\\n\\\\\\'\\101'\n.", 0, "value='aA\n\\'A'"),
    CASE ("S\"it's\"\n.", 0, "value='it's'"),
    CASE ("Vcaf\xe9 \\u20ac\\U0001f600\n.", 0, "value='café €😀'"),
    CASE ("N.", 0, "value=null"),
    CASE ("(I1\nI2\nt.", 0, "value=[1,2]"),
    CASE ("(lp0\nI1\naI2\na.", 0, "value=[1,2]"),
    CASE ("(dp0\nS'k'\np1\nI1\ns.", 0, "k=1"),
    CASE ("(I1\nI2\nl.", 0, "value=[1,2]"),
    CASE ("(S'a'\nI1\nd.", 0, "a=1"),
    CASE ("(S'a'\np5\ng5\nl.", 0, "value=['a','a']"),
    /* protocol 1 and 2 */
    CASE ("K\xff.", 0, "value=255"),
    CASE ("M\xff\xff.", 0, "value=65535"),
    CASE ("J\xff\xff\xff\xff.", 0, "value=-1"),
    CASE ("G\x3f\xe0\0\0\0\0\0\0.", 0, "value=0.5"),
    CASE ("U\x02hi.", 0, "value='hi'"),
    CASE ("T\x02\0\0\0hi.", 0, "value='hi'"),
    CASE ("X\x02\0\0\0hi.", 0, "value='hi'"),
    CASE (P2 "\x88.", 0, "value=true"),
    CASE (P2 "\x89.", 0, "value=false"),
    CASE (P2 "\x8a\0.", 0, "value=0"),
    CASE (P2 "\x8a\x01\xff.", 0, "value=-1"),
    CASE (P2 "\x8a\x02\xff\0.", 0, "value=255"),
    CASE (P2 "\x8a\x08\0\0\0\0\0\0\0\x80.", 0, "value=-9223372036854775808"),
    CASE (P2 "\x8a\x09\0\0\0\0\0\0\0\x80\0.", 0, "value=9223372036854775808u"),
    CASE (P2 "\x8b\x02\0\0\0\0\x01.", 0, "value=256"),
    CASE (P2 ")\x85.", 0, ""),
    CASE (P2 "K\x01\x85.", 0, "value=[1]"),
    CASE (P2 "K\x01K\x02\x86.", 0, "value=[1,2]"),
    CASE (P2 "K\x01K\x02K\x03\x87.", 0, "value=[1,2,3]"),
    CASE (P2 "](K\x01K\x02"
             "e.",
          0, "value=[1,2]"),
    CASE (P2 "}(U\x01"
             "aK\x01U\x01"
             "bK\x02u.",
          0, "a=1 b=2"),
    CASE (P2 "]q\xc8K\x01"
             "ah\xc8"
             "K\x02"
             "a.",
          MALFORMED, "remembers a value as number 200"),
    CASE (P2 "]q\x01K\x01"
             "a0h\x01.",
          0, "value=[1]"),
    CASE (P2 "]r\x02\0\0\0K\x01"
             "a0j\x02\0\0\0.",
          0, "value=[1]"),
    CASE (P2 "K\x01"
             "2\x86.",
          0, "value=[1,1]"),
    CASE (P2 "K\x01K\x02"
             "0.",
          0, "value=1"),
    CASE (P2 "K\x01(K\x02K\x03"
             "1.",
          0, "value=1"),
    CASE (P2 "K\x01(0.", 0, "value=1"),
    /* protocol 3, 4 and 5 */
    CASE ("\x80\x03"
          "C\x02\x01\x02.",
          0, "value=[1u,2u]"),
    CASE ("\x80\x03"
          "B\x02\0\0\0\x01\x02.",
          0, "value=[1u,2u]"),
    CASE ("\x80\x04\x8c\x02hi.", 0, "value='hi'"),
    CASE ("\x80\x04\x8d\x02\0\0\0\0\0\0\0hi.", 0, "value='hi'"),
    CASE ("\x80\x04\x8e\x01\0\0\0\0\0\0\0\x07.", 0, "value=[7u]"),
    CASE ("\x80\x04\x95\x04\0\0\0\0\0\0\0]\x94K\x01"
          "a.",
          0, "value=[1]"),
    CASE ("\x80\x04\x8f(K\x01K\x02\x90.", 0, "value=[1,2]"),
    CASE ("\x80\x04(K\x01K\x02\x91.", 0, "value=[1,2]"),
    CASE ("\x80\x04\x8c\x01"
          "a\x94"
          "0K\x05\x94"
          "0h\0h\x01\x86.",
          0, "0='a' 1=5"),
    CASE ("\x80\x05\x96\x02\0\0\0\0\0\0\0\x01\x02.", 0, "value=[1u,2u]"),
};

static void
check_values (int number)
{
    const struct pickle *pickle = &values[number];
    struct bytes bytes = file_around (pickle->bytes, pickle->size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (error.status == pickle->status, "case %d: %s", number, error.message);
    if (file)
        ck_assert_msg (strcmp (listed (file), pickle->words) == 0, "case %d: '%s', expected '%s'", number,
                       listed (file), pickle->words);
    else
        ck_assert_msg (strstr (error.message, pickle->words), "case %d: '%s', expected '%s'", number,
                       error.message, pickle->words);
    close_file (file);
    free (bytes.data);
}

START_TEST (an_opcode_gives_its_value)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        check_values ((int) i);
}
END_TEST

/* ---- pickles that are none ---- */

static const struct pickle broken[] = {
    CASE (".", MALFORMED, "needs 1 value, 0 lie on the stack"),
    CASE (P2 "(.", MALFORMED, "ends above a mark"),
    CASE (P2 "K\x01(.", MALFORMED, "ends above a mark"),
    CASE (P2 "0.", MALFORMED, "needs 1 value"),
    CASE (P2 "1.", MALFORMED, "needs a mark, there is none"),
    CASE (P2 "2.", MALFORMED, "needs 1 value"),
    CASE (P2 "t.", MALFORMED, "needs a mark"),
    CASE (P2 "\x85.", MALFORMED, "needs 1 value"),
    CASE (P2 "K\x01\x86.", MALFORMED, "needs 2 values, 1 lies"),
    CASE (P2 "K\x01(\x85.", MALFORMED, "0 lie on the stack above the mark"),
    CASE (P2 "K\x01(K\x02\x87.", MALFORMED, "needs 3 values, 1 lies on the stack above the mark"),
    CASE (P2 "}K\x01s.", MALFORMED, "needs 3 values"),
    CASE (P2 "}(K\x01u.", MALFORMED, "needs a value for each key"),
    CASE (P2 "(K\x01"
             "d.",
          MALFORMED, "needs a value for each key"),
    CASE (P2 "]K\x01K\x02s.", MALFORMED, "needs a dict"),
    CASE (P2 "]K\x01K\x02K\x03s.", MALFORMED, "needs a dict"),
    CASE (P2 "K\x01K\x02"
             "a.",
          MALFORMED, "needs a list"),
    CASE (P2 "](K\x01u.", MALFORMED, "a value for each key"),
    CASE (P2 "](K\x01K\x02u.", MALFORMED, "needs a dict"),
    CASE (P2 "}(K\x01"
             "e.",
          MALFORMED, "needs a list"),
    CASE ("\x80\x04](K\x01\x90.", MALFORMED, "needs a set"),
    CASE (P2 "h\0.", MALFORMED, "recalls value number 0, which it never remembered"),
    CASE (P2 "j\xff\xff\xff\xff.", MALFORMED, "recalls value number 4294967295"),
    CASE (P2 "g7\n.", MALFORMED, "recalls value number 7"),
    CASE (P2 "gx\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "g\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "g99999999999999999999\n.", MALFORMED, "no number of a remembered value"),
    CASE (P2 "Nr\xff\xff\xff\xff.", MALFORMED, "remembers a value as number 4294967295"),
    CASE (P2 "Nr\0\0\0\x10.", MALFORMED, "remembers a value as number 268435456"),
    CASE (P2 "Np4294967295\n.", MALFORMED, "remembers a value as number 4294967295"),
    CASE (P2 "q\0.", MALFORMED, "needs 1 value"),
    CASE (P2 "\x94.", MALFORMED, "needs 1 value"),
    CASE (P2 "R.", MALFORMED, "needs 2 values"),
    CASE (P2 "K\x01)R.", MALFORMED, "needs something to call"),
    CASE (P2 "cos\nsystem\nK\x01R.", MALFORMED, "needs a tuple of arguments"),
    CASE (P2 "cos\nsystem\n]R.", MALFORMED, "needs a tuple of arguments"),
    CASE (P2 "K\x01)\x81.", MALFORMED, "needs something to call"),
    CASE (P2 "ca\nb\n)K\x01\x92.", MALFORMED, "needs a dict of arguments"),
    CASE (P2 "K\x01}b.", MALFORMED, "needs an object"),
    CASE (P2 "}}b.", MALFORMED, "needs an object"),
    CASE (P2 "(o.", MALFORMED, "needs a class"),
    CASE (P2 "(K\x01o.", MALFORMED, "needs something to call"),
    CASE ("\x80\x04K\x01\x8c\x01"
          "a\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE ("\x80\x04\x8c\x01"
          "a]\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE ("\x80\x04\x8c\x01"
          "a\x93.",
          MALFORMED, "needs 2 values"),
    CASE ("\x80\x04\x8c\x01"
          "aC\x01"
          "b\x93.",
          MALFORMED, "needs the texts of a module and a name"),
    CASE (P2 "Q.", MALFORMED, "needs 1 value"),
    CASE (P2 "\xff.", MALFORMED, "0xff, which is no opcode"),
    CASE (P2 "\0.", MALFORMED, "which is no opcode"),
    CASE ("Ix\n.", MALFORMED, "found 'x', expected a decimal number"),
    CASE ("I\n.", MALFORMED, "expected a decimal number"),
    CASE ("I-\n.", MALFORMED, "expected a decimal number"),
    CASE ("I0x10\n.", MALFORMED, "expected a decimal number"),
    CASE ("F\n.", MALFORMED, "expected a number"),
    CASE ("F1,5\n.", MALFORMED, "expected a number"),
    CASE ("F1 2\n.", MALFORMED, "expected a number"),
    CASE ("Sx\n.", MALFORMED, "without its quotes"),
    CASE ("S'x\n.", MALFORMED, "without its quotes"),
    CASE ("S'\n.", MALFORMED, "without its quotes"),
    CASE ("S'\\q'\n.", MALFORMED, "an unknown escape"),
    CASE ("S'\\x4'\n.", MALFORMED, "an unknown escape"),
    CASE ("S'\\'\n.", MALFORMED, "an unknown escape"),
    CASE ("V\\u12\n.", MALFORMED, "found \\\\u without a character"),
    CASE ("V\\U00110000\n.", MALFORMED, "found \\\\U without a character"),
    CASE ("T\xff\xff\xff\xff"
          "a.",
          MALFORMED, "the negative length -1"),
    CASE (P2 "\x8b\xff\xff\xff\xff"
             "a.",
          MALFORMED, "the negative length -1"),
    CASE ("\x80\x06N.", UNSUPPORTED, "protocol 6, expected at most 5"),
    CASE ("\x80\xffN.", UNSUPPORTED, "protocol 255"),
    CASE ("\x80\x05\x97.", UNSUPPORTED, "its buffers are outside of the pickle"),
    CASE ("\x80\x05N\x98.", UNSUPPORTED, "its buffers are outside of the pickle"),
    /* lengths and frames that lie */
    CASE ("X\xff\xff\xff\xff"
          "a.",
          TRUNCATED, "needs 4294967295 bytes here"),
    CASE ("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
          "a.",
          TRUNCATED, "needs 18446744073709551615 bytes here"),
    CASE ("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"
          "a.",
          TRUNCATED, "needs 9223372036854775807 bytes here"),
    CASE ("\x80\x05\x96\0\0\0\0\0\x01\0\0"
          "a.",
          TRUNCATED, "needs 1099511627776 bytes here"),
    CASE ("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", TRUNCATED,
          "needs 18446744073709551615 bytes here"),
    CASE ("\x80\x04\x95\0\0\0\0\x01\0\0\0N.", TRUNCATED, "needs 4294967296 bytes here"),
    CASE (P2 "\x8b\xff\xff\xff\x7f"
             "a.",
          TRUNCATED, "needs 2147483647 bytes here"),
    CASE ("cos", TRUNCATED, "ends within a line"),
};

static void
check_broken (int number)
{
    const struct pickle *pickle = &broken[number];
    struct bytes bytes = file_around (pickle->bytes, pickle->size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (!file, "case %d opens, expected '%s'", number, pickle->words);
    ck_assert_msg (error.status == pickle->status && strstr (error.message, pickle->words),
                   "case %d: %d '%s', expected %d '%s'", number, error.status, error.message, pickle->status,
                   pickle->words);
    ck_assert (error.offset == UINT64_MAX || error.offset <= bytes.size);
    free (bytes.data);
}

START_TEST (a_broken_pickle_is_refused)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        check_broken ((int) i);
}
END_TEST

/* ---- values that are left out, beside a tensor that can be read ---- */

struct aside {
    const char *bytes;
    size_t size;
    const char *words; /* of a note */
    const char *rest;  /* the metadata */
};
#define ASIDE(bytes, words, rest)                                                                            \
    {                                                                                                        \
        bytes, sizeof bytes - 1, words, rest                                                                 \
    }

static const struct aside asides[] = {
    ASIDE ("cos\nsystem\n" TEXT3 ("ls ") "\x85R",
           "needs the global os.system: tenon runs no code, and leaves it out", ""),
    ASIDE ("cposix\nsystem\n" TEXT3 ("ls ") "\x85R", "needs the global posix.system", ""),
    ASIDE ("c__builtin__\neval\n" TEXT3 ("1+1") "\x85R", "needs the global __builtin__.eval", ""),
    ASIDE ("cbuiltins\nexec\n" TEXT3 ("1+1") "\x85R", "needs the global builtins.exec", ""),
    ASIDE ("cbuiltins\ngetattr\n(cos\n__dict__\n" TEXT3 ("run") "tR", "needs the global builtins.getattr",
           ""),
    ASIDE ("(cos\nsystem\n" TEXT3 ("ls ") "o", "needs the global os.system", ""),
    ASIDE ("(" TEXT3 ("ls ") "ios\nsystem\n", "needs the global os.system", ""),
    ASIDE (TEXT1 ("a") TEXT1 ("b") "\x93)R", "needs the global a.b", ""),
    ASIDE ("X\x02\0\0\0os"
           "X\x0b\0\0\0path.system\x93)R",
           "needs the global os.path.system", ""),
    ASIDE ("X\x02\0\0\0os"
           "X\x08\0\0\0sys\ntem\0\x93)R",
           "needs the global os.sys?tem?", ""),
    ASIDE ("ca\nb\n)\x81", "needs the global a.b", ""),
    ASIDE ("ca\nb\n)}" TEXT1 ("k") "K\x01s\x92",
           "needs the global a.b: tenon runs no code, and lists its attributes", "x.k=1"),
    ASIDE ("ca\nb\n)\x81}" TEXT1 ("k") "K\x01sb", "lists its attributes instead", "x.k=1"),
    ASIDE ("ca\nb\n)\x81]K\x01"
           "ab",
           "needs the global a.b", ""),
    ASIDE ("ca\nb\n)\x81N}" TEXT1 ("k") "K\x01s\x86"
                                        "b",
           "lists its attributes instead", "x.k=1"),
    ASIDE ("ca\nb\n)RK\x01"
           "a",
           "lists its attributes instead", "x.0=1"),
    ASIDE ("ca\nb\n)RK\x01K\x02s", "lists its attributes instead", "x.1=2"),
    ASIDE ("ca\nb\n)R)R", "needs the global the result of a call", ""),
    ASIDE ("ca\nb\n)R)R)R)R)R", "needs the global the result of a call", ""),
    ASIDE ("ca\nb\n", "it is the global a.b, which tenon does not look up", ""),
    ASIDE ("\x82\x07", "it is the global copyreg extension.7", ""),
    ASIDE ("\x83\x07\x01", "it is the global copyreg extension.263", ""),
    ASIDE ("\x84\xff\xff\xff\xff", "it is the global copyreg extension.4294967295", ""),
    ASIDE ("Pevil\n", "needs the global persistent id.evil", ""),
    ASIDE ("K\x01Q", "needs the global persistent id.", ""),
    ASIDE ("NQ", "needs the global persistent id.", ""),
    ASIDE ("("
           "X\x06\0\0\0module"
           "tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "K\x01" TEXT1 ("0") TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "cos\nsystem\n" TEXT1 ("0") TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "ctorch\nFloatStorage\nK\0" TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0") TEXT3 ("cpu") "\x8a\x0a"
                                                                                    "0123456789tQ",
           "needs the global persistent id.", ""),
    ASIDE ("\x8a\x0a"
           "0123456789",
           "an integer of more than 64 bits", ""),
    ASIDE ("L"
           "99999999999999999999999999999999999999L\n",
           "an integer of more than 64 bits", ""),
    ASIDE ("L-9223372036854775809L\n", "an integer of more than 64 bits", ""),
    ASIDE ("]q\x01h\x01"
           "a",
           "it holds itself", ""),
    ASIDE ("}q\x01" TEXT1 ("k") "h\x01s", "it holds itself", ""),
    ASIDE ("]q\x01(h\x01h\x01h\x01"
           "e",
           "it holds itself", ""),
    ASIDE ("]q\x01]q\x02h\x01"
           "ah\x02"
           "0h\x01h\x02"
           "a",
           "it holds itself", ""),
    ASIDE ("ca\nb\n)\x81q\x01}" TEXT1 ("k") "h\x01sb", "it holds itself", ""),
    ASIDE ("ca\nb\n)\x81q\x01h\x01"
           "b",
           "needs the global a.b", ""),
    ASIDE ("ccollections\nOrderedDict\n)Rq\x01" TEXT1 ("k") "h\x01s", "it holds itself", ""),
    ASIDE ("cbuiltins\nset\n]q\x01h\x01\x85"
           "a0h\x01\x85R",
           "it holds itself", ""),
    ASIDE ("}(K\x01K\x02K\x01K\x03u", "a dict has this key twice: the last value counts", "x.1=3"),
    ASIDE ("}(" TEXT1 ("k") "K\x02" TEXT1 ("k") "K\x03u", "a dict has this key twice: the last value counts",
           "x.k=3"),
    ASIDE ("}(K\x01K\x02" TEXT1 ("1") "K\x03u", "another value of the file has the name 'x.1'",
           "x.1=2 x.1#2=3"),
};

/* {'w': tensor, 'x': this, 'z': tensor} */
static void
check_asides (int number)
{
    static const char before[] = P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x"), after[] = TEXT1 ("z") TENSOR "u.";
    const struct aside *aside = &asides[number];
    struct bytes pickle = { .size = 0 };
    put (&pickle, before, sizeof before - 1);
    put (&pickle, aside->bytes, aside->size);
    put (&pickle, after, sizeof after - 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "case %d: %s", number, error.message);
    ck_assert_msg (noted (file, aside->words), "case %d: no note of '%s'", number, aside->words);
    ck_assert_msg (strcmp (listed (file), aside->rest) == 0, "case %d: '%s'", number, listed (file));
    ck_assert_uint_eq (tenon_count (file), 2);
    has_tensor (file, "w");
    has_tensor (file, "z");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}

START_TEST (a_value_that_is_left_out_hides_no_other)
{
    for (size_t i = 0; i < sizeof asides / sizeof asides[0]; i++)
        check_asides ((int) i);
}
END_TEST

/* ---- values that are known ---- */

static const struct pickle known[] = {
    CASE (P2 "ccollections\nOrderedDict\n)R(" TEXT1 ("a") "K\x01u.", 0, "a=1"),
    CASE (P2 "ccollections\nOrderedDict\n](](" TEXT1 ("a") "K\x01"
                                                           "e](" TEXT1 ("b") "K\x02"
                                                                             "ee\x85R.",
          0, "a=1 b=2"),
    CASE (P2 "ccollections\nOrderedDict\n)R}" TEXT7 ("version") "K\x01sb.", 0, "version=1"),
    CASE (P2 "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R" TEXT1 ("a") "K\x01s.", 0, "a=1"),
    CASE (P2 "ccollections\nCounter\n}" TEXT1 ("a") "K\x02s\x85R.", 0, "a=2"),
    CASE (P2 "c__builtin__\nset\n](K\x01K\x02"
             "e\x85R.",
          0, "value=[1,2]"),
    CASE ("\x80\x04\x8c\x08"
          "builtins\x8c\x09"
          "frozenset\x93](K\x01K\x02"
          "e\x85R.",
          0, "value=[1,2]"),
    CASE (P2 "ctorch\nSize\nK\x02K\x03\x86\x85R.", 0, "value=[2,3]"),
    CASE (P2 "ctorch\ndevice\nX\x04\0\0\0cudaK\x01\x86R.", 0, "value='cuda:1'"),
    CASE (P2 "ctorch\nfloat32\n.", 0, "value='torch.float32'"),
    CASE (P2 "ctorch.serialization\n_get_layout\nX\x0d\0\0\0torch.strided\x85R.", 0, "value='torch.strided'"),
    CASE (P2 "c__builtin__\ncomplex\nG\x3f\xf0\0\0\0\0\0\0G\x40\0\0\0\0\0\0\0\x86R.", 0, "value=[1,2]"),
    CASE (P2 "c_codecs\nencode\nX\x03\0\0\0a\xc3\xbfX\x06\0\0\0latin1\x86R.", 0, "value=[97u,255u]"),
    CASE (P2 "c__builtin__\nbytes\n)R.", 0, "value=[]"),
    CASE (P2 "c__builtin__\nbytearray\nX\x01\0\0\0aX\x07\0\0\0latin-1\x86R.", 0, "value=[97u]"),
    CASE (P2 "cargparse\nNamespace\n)\x81}X\x02\0\0\0lrG\x3f\xe0\0\0\0\0\0\0sb.", 0, "lr=0.5"),
    CASE (P2 "ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR}" TEXT1 (
              "a") "K\x01sb.",
          0, "a=1"),
    CASE (P2 "cpathlib\nPosixPath\n(U\x01/U\x01"
             "aU\x01"
             "btR.",
          0, "value='/a/b'"),
    CASE (P2 "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02"
             "f8\x89\x88\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
             "c_codecs\nencode\nX\x09\0\0\0\0\0\0\0\0\0\xc3\xb0?U\x06latin1\x86R\x86R.",
          0, "value=1"),
    CASE ("\x80\x03"
          "cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02i4\x89\x88\x87R(K\x03U\x01>"
          "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
          "C\x04\0\0\x01\0\x86R.",
          0, "value=256u"),
    /* keys of every kind */
    CASE (P2 "}(K\x01K\x01N"
             "K\x02\x88K\x03K\x05K\x07\x86K\x04"
             "ctorch\nint8\nK\x05u.",
          0, "1=1 None=2 True=3 5,7=4 torch.int8=5"),
    CASE (P2 "}(" TEXT1 ("a") "}(" TEXT1 ("b") "](K\x01" TEXT1 ("c") "euu.", 0, "a.b.0=1 a.b.1='c'"),
    CASE (P2 "}" TEXT3 ("a\0b") "K\x01s.", 0, "a?b=1"),
    CASE (P2 "}" TEXT3 ("a\xff"
                        "b") "K\x01s.",
          0, "a?b=1"),
    CASE (P2 "}X\0\0\0\0K\x01s.", 0, "value=1"),
    /* lists */
    CASE (P2 "](\x88\x89"
             "e.",
          0, "value=[true,false]"),
    CASE (P2 "](K\x01G\x3f\xe0\0\0\0\0\0\0"
             "e.",
          0, "0=1 1=0.5"),
    CASE (P2 "](K\x01\x8a\x09\0\0\0\0\0\0\0\x80\0"
             "e.",
          0, "value=[1u,9223372036854775808u]"),
    CASE (P2 "](J\xff\xff\xff\xff\x8a\x09\0\0\0\0\0\0\0\x80\0"
             "e.",
          0, "0=-1 1=9223372036854775808u"),
    CASE (P2 "](]K\x01"
             "a]K\x02"
             "ae.",
          0, "0=[1] 1=[2]"),
    CASE (P2 "](NNe.", 0, "0=null 1=null"),
};

static void
check_known (int number)
{
    const struct pickle *pickle = &known[number];
    struct bytes bytes = file_around (pickle->bytes, pickle->size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "case %d: %s", number, error.message);
    ck_assert_msg (strcmp (listed (file), pickle->words) == 0, "case %d: '%s', expected '%s'", number,
                   listed (file), pickle->words);
    close_file (file);
    free (bytes.data);
}

START_TEST (a_known_value_is_listed)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        check_known ((int) i);
}
END_TEST

/* ---- bombs ---- */

/* Lists that hold the list before twice, 2^100 visits in a few hundred bytes. */
START_TEST (a_list_of_lists_of_lists_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "]", 3);
    for (int i = 0; i < 60; i++)
        put (&pickle, "2\x86", 2);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    settings ("limits.open_work=64MiB");
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "open_work"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* Two hundred thousand tuples in each other: no stack grows, and what is too deep is told. */
START_TEST (depth_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x") "N",
         sizeof P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x") "N" - 1);
    for (int i = 0; i < 200000; i++)
        put (&pickle, "\x85", 1);
    put (&pickle, "u.", 2);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "nested more than 64 deep (limits.depth)"));
    has_tensor (file, "w");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* Marks alone, and memory that a limit bounds. */
START_TEST (memory_ends)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle, P2, 2);
    for (int i = 0; i < 200000; i++)
        put (&pickle, "(]}", 3);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_MALFORMED);
    settings ("limits.header_bytes=4MiB");
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_int_eq (error.status, TENON_E_LIMIT);
    ck_assert_msg (strstr (error.message, "header_bytes"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A hundred thousand unknown objects: the first hundred are named, the others counted. */
START_TEST (notes_end)
{
    struct bytes pickle = { .size = 0 };
    put (&pickle,
         P2 "]ca\nb\nq\x01"
            "0(",
         sizeof P2 "]ca\nb\nq\x01"
                   "0("
             - 1);
    for (int i = 0; i < 100000; i++)
        put (&pickle, "h\x01)R", 4);
    put (&pickle, "e.", 2);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (noted (file, "99900 more values are left out"));
    ck_assert_uint_lt (tenon_report_count (tenon_file_report (file)), 110);
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* A text of 1 MB that a few bytes of the pickle recall, a hundred thousand times: what looks at it costs its
 * bytes each time. */
static const struct {
    const char *before, *each, *after;
} recalled[] = {
    { "}(", "h\x01N", "u" },                                       /* the key of a dict */
    { "](", "(" TEXT7 ("storage") "h\x02h\x01h\x03K\x01tQ", "e" }, /* the key of a storage */
    { "](", "h\x04(h\x05h\x01h\x06\x86Rh\x07h\x08h\x09tR", "e" },  /* the bytes of an array */
};

START_TEST (what_is_recalled_costs_again)
{
    static const char begin[] = "q\x01"
                                "0ctorch\nHalfStorage\nq\x02"
                                "0" TEXT3 ("cpu") "q\x03"
                                                  "0cnumpy.core.numeric\n_frombuffer\nq\x04"
                                                  "0c_codecs\nencode\nq\x05"
                                                  "0X\x06\0\0\0latin1q\x06"
                                                  "0cnumpy\ndtype\nX\x02\0\0\0u1\x85Rq\x07"
                                                  "0K\x05\x85q\x08"
                                                  "0" TEXT1 ("C") "q\x09"
                                                                  "0";
    static char text[1000000];
    struct bytes pickle = { .size = 0 };
    memset (text, 'k', sizeof text);
    put (&pickle, P2 "X", 3);
    put_number (&pickle, sizeof text, 4);
    put (&pickle, text, sizeof text);
    put (&pickle, begin, sizeof begin - 1);
    put (&pickle, recalled[_i].before, strlen (recalled[_i].before));
    size_t length =
        _i == 1 ? sizeof "(" TEXT7 ("storage") "h\x02h\x01h\x03K\x01tQ" - 1 : strlen (recalled[_i].each);
    for (int i = 0; i < 100000; i++)
        put (&pickle, recalled[_i].each, length);
    put (&pickle, recalled[_i].after, 1);
    put (&pickle, ".", 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    ck_assert_ptr_null (open_bytes (&bytes, "m"));
    ck_assert_msg (error.status == TENON_E_LIMIT && strstr (error.message, "open_work"), "%s", error.message);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* The bits of a tensor may be a dict of a million entries, that of all tensors. */
START_TEST (bits_end)
{
    struct bytes pickle = { .size = 0 };
    static const char tensor[] = REBUILD STORAGE "K\0K\x04\x85K\x01\x85\x89" NO_HOOKS "}(";
    put (&pickle, P2 "}" TEXT1 ("w"), sizeof P2 "}" TEXT1 ("w") - 1);
    put (&pickle, tensor, sizeof tensor - 1);
    for (int i = 0; i < 33; i++)
        put (&pickle, "K\x05\x88", 3);
    put (&pickle, "utRs.", 5);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "%s", error.message);
    spoiled (file, "w", TENON_E_UNSUPPORTED, "it has 33 entries of bits");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}
END_TEST

/* ---- damage ---- */

#define ALL                                                                                                  \
    P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("a") "K\x01" TEXT1 ("b") "](K\x01K\x02"                                \
                                                               "e" TEXT1 ("c") "ca\nb\n)\x81}" TEXT1 (       \
                                                                   "k") "K\x01sbU\x01"                       \
                                                                        "dG\x3f\xe0\0\0\0\0\0\0"             \
                                                                        "u."

/* Every prefix of a file fails, or opens with its tensor unreadable, and none crashes. */
START_TEST (truncation_at_every_byte)
{
    struct bytes bytes = file_around (ALL, sizeof ALL - 1);
    size_t whole = bytes.size, data = whole - 24;
    for (bytes.size = 0; bytes.size < whole; bytes.size++) {
        tenon_file *file = open_bytes (&bytes, "m");
        ck_assert_msg ((file != NULL) == (bytes.size >= data), "at byte %zu: %s", bytes.size, error.message);
        if (file)
            spoiled (file, "w", TENON_E_TRUNCATED, "");
        close_file (file);
    }
    free (bytes.data);
}
END_TEST

/* Every byte with two other values: no crash, and what opens can be verified. */
START_TEST (flips_of_every_byte)
{
    struct bytes bytes = file_around (ALL, sizeof ALL - 1);
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t kept = bytes.data[i];
        for (unsigned way = 0; way < 2; way++) {
            bytes.data[i] = way ? 0xff : (uint8_t) (kept ^ 1u << i % 8);
            tenon_file *file = open_bytes (&bytes, "m");
            if (file)
                (void) tenon_verify (file, NULL, NULL, &error);
            close_file (file);
        }
        bytes.data[i] = kept;
    }
    free (bytes.data);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("pickle");
    TCase *tests = tcase_create ("pickle");
    tcase_add_checked_fixture (tests, setup, teardown);
    tcase_add_test (tests, an_opcode_gives_its_value);
    tcase_add_test (tests, a_broken_pickle_is_refused);
    tcase_add_test (tests, a_value_that_is_left_out_hides_no_other);
    tcase_add_test (tests, a_known_value_is_listed);
    tcase_add_test (tests, a_list_of_lists_of_lists_ends);
    tcase_add_test (tests, depth_ends);
    tcase_add_test (tests, memory_ends);
    tcase_add_test (tests, notes_end);
    tcase_add_loop_test (tests, what_is_recalled_costs_again, 0, 3);
    tcase_add_test (tests, bits_end);
    tcase_add_test (tests, truncation_at_every_byte);
    tcase_add_test (tests, flips_of_every_byte);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
