//! What requests and answers look like on the wire, for the services that are ours: [`aws_json`] (Data API, Athena, Serverless,
//! `SageMaker`), [`aws_query`] (Redshift clusters), [`rest`] (Lambda, S3, `SageMaker` runtime), [`cbor`] (`CloudWatch`), and [`pages`] for
//! all of them.

pub mod aws_chunked;
pub mod aws_json;
pub mod aws_query;
pub mod cbor;
pub mod pages;
pub mod rest;
