namespace InstaGrpc.Robustness.Model.Group;

public enum GroupAction
{
    CommitIsWritten,
    CommitBecomesVisible,
    FollowerReplaysCommit,
    InvalidatorWritesHi,
    InvalidatorDeletesVersion,
    InvalidatorWritesLo,
    VersionIsEvicted,
    PageIsEvicted,
    ReaderReadsWatermark,
    ReaderReadsVersion,
    ReaderFindsNoVersion,
    ReaderAddsVersion,
    ReaderIsRefusedItsVersion,
    ReaderWinsPage,
    ReaderHitsPage,
    ReaderMustWait,
    ReaderTakesFence,
    ReaderReadsRows,
    ReaderFillsPage,
    ReaderIsOvertaken,
}
