//! What keeps an archive whole: damage, garbage, what others made of it, what earlier versions made.

mod copies;
mod earlier_schemas;
mod gc;
mod rebuild;
mod received;
mod similar;
mod verify;
