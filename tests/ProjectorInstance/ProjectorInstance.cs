/// <summary>Names this assembly, so that a test finds the program.</summary>
public sealed class ProjectorInstance;
