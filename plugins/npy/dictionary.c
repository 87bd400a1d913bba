/* dictionary.c - the header's dictionary: descr, fortran_order and shape, each once, in any order. */
#include "npy.h"

enum { KEY_DESCR = 1, KEY_FORTRAN_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };
static const char *const keys[] = { "descr", "fortran_order", "shape" };

/* A tuple of dims. */
static tenon_status
parse_shape (struct npy_text *text, struct npy_header *header)
{
    static const char dim[] = "a dim: an integer from 0 to 2^63 - 1";
    TENON_TRY (npy_expect (text, '(', "the shape: a tuple of integers"));
    header->rank = 0;
    while (!npy_accept (text, ')')) {
        if (header->rank == NPY_RANK)
            return tenon_fail (text->call, TENON_E_UNSUPPORTED, npy_place (text, text->position),
                               "found more than %u dims, and NumPy has no more", NPY_RANK);
        TENON_TRY (npy_take_integer (text, header->rank ? dim : "a dim (an integer from 0 to 2^63 - 1) or )",
                                     &header->shape[header->rank]));
        header->rank++;
        if (npy_accept (text, ','))
            continue;
        if (header->rank == 1)
            return npy_unexpected (text, "a comma: a tuple of one is written (2,)");
        return npy_expect (text, ')', "a comma, or the ) that ends the shape");
    }
    return TENON_OK;
}

/* Which of the keys the word is, as a bit; and it must not have been `seen`. */
static tenon_status
identify_key (struct npy_text *text, struct npy_word word, uint64_t at, uint32_t seen, uint32_t *key)
{
    for (uint32_t i = 0; i < 3; i++) {
        if (!npy_word_is (word, keys[i]))
            continue;
        *key = 1u << i;
        if (!(seen & *key))
            return TENON_OK;
        return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, at),
                           "found the key '%s' a second time", keys[i]);
    }
    return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, at),
                       "found the key '%.*s', expected descr, fortran_order or shape",
                       word.length > 48 ? 48 : (int) word.length, word.bytes);
}

static tenon_status
parse_entry (struct npy_text *text, struct npy_header *header, uint32_t *seen)
{
    uint64_t at, written = text->written;
    uint32_t key = 0;
    struct npy_word word;
    npy_skip_space (text);
    at = text->position;
    TENON_TRY (npy_take_string (text, "a key, or the } that ends the dictionary", &word));
    TENON_TRY (identify_key (text, word, at, *seen, &key));
    *seen |= key;
    /* The key's repr was wanted for comparing it only. */
    text->written = written;
    TENON_TRY (npy_expect (text, ':', "a colon after the key"));
    if (key == KEY_DESCR)
        return npy_parse_descr (text, &header->type);
    if (key == KEY_SHAPE)
        return parse_shape (text, header);
    return npy_take_boolean (text, &header->is_fortran);
}

tenon_status
npy_parse_dictionary (struct npy_text *text, struct npy_header *header)
{
    uint32_t seen = 0;
    memset (header, 0, sizeof *header);
    TENON_TRY (npy_expect (text, '{', "the { of a dictionary"));
    while (!npy_accept (text, '}')) {
        TENON_TRY (parse_entry (text, header, &seen));
        if (npy_accept (text, ','))
            continue;
        TENON_TRY (npy_expect (text, '}', "a comma, or the } that ends the dictionary"));
        break;
    }
    for (uint32_t i = 0; i < 3; i++)
        if (!(seen & 1u << i))
            return tenon_fail (text->call, TENON_E_MALFORMED, npy_place (text, text->position),
                               "found the end of the dictionary, expected the key '%s'", keys[i]);
    npy_skip_space (text);
    return text->position == text->length
               ? TENON_OK
               : npy_unexpected (text, "nothing but white space after the dictionary");
}
