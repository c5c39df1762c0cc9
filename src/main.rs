//! The binary `qd`.

use std::process::ExitCode;

use clap::Parser;
use quarterdeck::demo::{self, ServiceOptions};

#[derive(Parser)]
#[command(name = "qd")]
enum Line {
    #[command(hide = true)]
    DemoService(ServiceOptions),
}

fn main() -> color_eyre::Result<ExitCode> {
    color_eyre::install()?;
    match Line::parse() {
        Line::DemoService(options) => Ok(demo::serve(&options)?),
    }
}
