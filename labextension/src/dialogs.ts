/** What is loaded when the first dialog is asked for: one file, as they share most of it. */

export { deploy } from './deployDesk';
export { Desk } from './registerDesk';
