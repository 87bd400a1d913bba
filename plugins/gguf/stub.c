#include "gguf.h"
const struct tenon_dtype *const gguf_dtypes[] = { NULL };
