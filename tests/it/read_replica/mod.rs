//! The API beside a real streaming replica whose replay is stopped and resumed at will.

mod standby;
mod reads;
mod marks;
mod outages;
