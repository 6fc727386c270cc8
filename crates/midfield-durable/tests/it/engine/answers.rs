//! Answers: kept once, heard once, whenever and wherever they come.
