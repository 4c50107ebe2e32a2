/** Words that the two kept translations lack, or say differently from this office. */
export const OURS = {
  ID: "代码",
};
