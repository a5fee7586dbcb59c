// The bindings: check, convert, release the GIL, call. Only this folder knows Python.
#include "parts.h"
#include "rows.h"

NB_MODULE(_core, m) {
    add_run(m);
    add_slots(m);
    add_samples(m);
    add_draw(m);
    rows::start();
    add_draws(m);
    add_matrices(m);
    add_colors(m);
    add_boxes(m);
}
