// What the program knows of the terminal it writes to: width and colours. Decided here and nowhere else.
#pragma once

namespace snac {

/// Columns of the terminal behind a file descriptor, at least 20; 0 = no terminal: no limit, so that files and scripts see everything.
/// COLUMNS, where it holds a number, wins over the terminal's own word; 80 if neither says anything.
int terminal_width(int descriptor);

/// Whether text written there may have colours and weight: a terminal that can (TERM is not "dumb"), and NO_COLOR is unset or empty
/// (https://no-color.org).
bool terminal_colours(int descriptor);

}  // namespace snac
