//! What keeps an archive whole: damage, garbage, what others made of it, what earlier versions made.

mod copies;
mod damaged_rows;
mod earlier_schemas;
mod forget;
mod fuse_disks;
mod gc;
mod lost_parts;
mod misplaced;
mod older_catalog;
mod rebuild;
mod received;
mod received_rows;
mod restore;
mod similar;
mod untraced;
mod verify;
