//! Names of signals, as Linux numbers them on all but a few old processors. Never sends one.

/// `signal 9 (KILL)`; the number alone when it has no common name.
pub fn name(number: i32) -> String {
    let name = match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        6 => "ABRT",
        7 => "BUS",
        8 => "FPE",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        24 => "XCPU",
        25 => "XFSZ",
        31 => "SYS",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_signal_is_told_with_its_name_when_it_has_one() {
        assert_eq!([super::name(9), super::name(40)], ["signal 9 (KILL)", "signal 40"]);
    }
}
