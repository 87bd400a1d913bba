/* SPDX-License-Identifier: MIT */
/* test_pickle.c - every opcode, and values of every kind that are known. */
#include "pickles.h"

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
          0, "value=256"),
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

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, an_opcode_gives_its_value);
    tcase_add_test (cases, a_known_value_is_listed);
}

int
main (void)
{
    return run_suite ("pickle", add_tests);
}
